"""The index of alarms: a database beside the object store, for whoever looks at alarms."""
