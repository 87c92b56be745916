"""How well alarms are filtered, by what the cloud and operators said of them."""
