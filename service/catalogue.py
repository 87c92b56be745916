"""Every event that a process of ours may log: one line each, a noun and a past verb.

PURE. Adding an event means adding a line here; `docs/events.md` follows from it. `repeats` marks
what the world outside can make happen at any rate: such events are rate-limited per camera or link.
"""

from enum import StrEnum
from typing import Literal, Self

Level = Literal["debug", "info", "warning", "error"]


class Event(StrEnum):
    """The catalogue: name, level, meaning in an operator's words, whether it may repeat fast."""

    level: Level
    meaning: str
    repeats: bool

    def __new__(cls, name: str, level: Level, meaning: str, repeats: bool = False) -> Self:
        event = str.__new__(cls, name)
        event._value_ = name
        event.level, event.meaning, event.repeats = level, meaning, repeats
        return event

    DAEMON_STARTED = "daemon_started", "info", "The process began; version and digests."
    DAEMON_READY = "daemon_ready", "info", "Every part stands; the work begins."
    DAEMON_STOPPING = "daemon_stopping", "info", "Draining before the end; why."
    DAEMON_STOPPED = "daemon_stopped", "info", "The process ends in order."
    DAEMON_FAILED = "daemon_failed", "error", "An unexpected error ends the process."
    WORKER_FAILED = "worker_failed", "error", "A thread met an error that nobody expected."
    WORKER_STALLED = "worker_stalled", "error", "A thread made no progress in time.", True
    NOTIFY_SKIPPED = "notify_skipped", "warning", "The supervisor is not notified; why."
    METRICS_OPENED = "metrics_opened", "info", "/metrics and /healthz listen."
    EVENTS_SUPPRESSED = "events_suppressed", "info", "Repeats of an event that were not logged."

    ALARM_ESCALATED = (
        "alarm_escalated",
        "warning",
        "Nobody claimed an alarm in time; who is called.",
        True,
    )
    IDENTITY_PROVIDER_AWAY = (
        "identity_provider_away",
        "warning",
        "Nobody can sign in by the identity provider now; why.",
        True,
    )
    DATABASE_AWAY = (
        "database_away",
        "warning",
        "The console's accounts or index did not answer a page, which said so; why.",
        True,
    )
    ESCALATION_DELAYED = (
        "escalation_delayed",
        "warning",
        "The store or the index does not answer; alarms escalate once it does.",
        True,
    )

    HEALTH_DEGRADED = (
        "health_degraded",
        "warning",
        "An alarm may not reach a person; the reason and what to do.",
        True,
    )
    HEALTH_RECOVERED = "health_recovered", "info", "A reason is over; after how long.", True

    SELF_TEST_STARTED = "self_test_started", "info", "A marked suspicion goes the whole way."
    SELF_TEST_PASSED = "self_test_passed", "info", "It was published everywhere; after how long."
    SELF_TEST_FAILED = "self_test_failed", "error", "It got stuck; at which hop and why."
    SELF_TEST_DISPLACED = "self_test_displaced", "info", "A self-test made room for what is real."
    SELF_TEST_NOT_KEPT = "self_test_not_kept", "warning", "Its outcome is not on disk; why.", True

    CONFIG_APPLIED = "config_applied", "info", "A configuration took effect; its digest."
    CONFIG_REFUSED = "config_refused", "error", "A configuration was refused; every reason."
    STATE_EXPOSED = (
        "state_exposed",
        "warning",
        "Others can read state or evidence, and we cannot change it; where.",
    )
    LINK_EXPOSED = (
        "link_exposed",
        "warning",
        "What leaves this machine can be read or forged on the way; what to do.",
    )
    CONFIG_NOT_KEPT = "config_not_kept", "warning", "It runs, but is not on disk as last good."
    CONFIG_RESTORED = "config_restored", "error", "The last good configuration runs instead."

    WATCH_KEY_MADE = (
        "watch_key_made",
        "info",
        "The proof of watch has a new key, so another chain begins; why.",
    )
    WATCH_CLOSED = "watch_closed", "info", "An entry of the proof of watch is done; why it ended."
    WATCH_UNKEPT = (
        "watch_unkept",
        "warning",
        "The disk takes no entry of the proof of watch; it is tried again.",
        True,
    )
    WATCH_LOST = (
        "watch_lost",
        "warning",
        "What was counted for the proof of watch is gone: damaged, or too old and undelivered.",
        True,
    )
    WATCH_ENTRY_REFUSED = (
        "watch_entry_refused",
        "warning",
        "A worker keeps no entry of a proof of watch that came; why.",
        True,
    )

    UPDATE_ADVANCED = "update_advanced", "info", "An update from afar came to its next state."
    UPDATE_REPLAYED = (
        "update_replayed",
        "info",
        "Recent frames were judged without an update from afar and with it; what would change.",
    )
    UPDATE_APPLIED = "update_applied", "info", "An update from afar is in force for good."
    UPDATE_REJECTED = (
        "update_rejected",
        "warning",
        "An update from afar was refused before it had any effect; why.",
        True,
    )
    UPDATE_ROLLED_BACK = (
        "update_rolled_back",
        "error",
        "An update from afar made things worse; what was before is in force again. Why.",
    )
    UPDATE_NOT_KEPT = (
        "update_not_kept",
        "warning",
        "The disk does not take how far an update came; why.",
    )
    UPDATE_RECORD_LOST = (
        "update_record_lost",
        "error",
        "What was kept of updates or of whom to obey is damaged; it was set aside.",
    )
    MODEL_FETCH_FAILED = (
        "model_fetch_failed",
        "warning",
        "A file of an ordered model did not come; it is tried again; why.",
        True,
    )
    UPDATE_ROOT_CHANGED = "update_root_changed", "info", "Another root of trust holds; its version."
    UPDATE_ROOT_REFUSED = (
        "update_root_refused",
        "error",
        "The file of `manage.root` is no root of trust: no order is obeyed. Why.",
    )

    SWITCH_TURNED = (
        "switch_turned",
        "info",
        "Somebody armed, disarmed, enabled or disabled a camera.",
    )
    SETTING_CHANGED = (
        "setting_changed",
        "info",
        "A threshold, the profile or a test of alarms was set from afar, or ended; by whom.",
    )
    SWITCHES_NOT_KEPT = (
        "switches_not_kept",
        "warning",
        "They hold, but not after a restart; why.",
        True,
    )
    SWITCHES_LOST = (
        "switches_lost",
        "error",
        "Kept switches are unreadable; the file's values hold.",
    )

    HOME_ASSISTANT_TOLD = (
        "home_assistant_told",
        "info",
        "So many devices were announced to Home Assistant, or so many topics taken back.",
        True,
    )
    ANNOUNCEMENTS_NOT_KEPT = (
        "announcements_not_kept",
        "warning",
        "What Home Assistant was told may stay there after a restart; why.",
        True,
    )
    ANNOUNCEMENTS_LOST = (
        "announcements_lost",
        "error",
        "What Home Assistant was told is unreadable; cameras that are gone may stay there.",
    )

    REQUEST_ANSWERED = (
        "request_answered",
        "info",
        "Somebody asked from afar; what, who by their own word, and why not if it was refused.",
        True,
    )

    CLIENT_ID_MADE = "client_id_made", "info", "The links have a new id at the brokers; why."
    CLIENT_ID_NOT_KEPT = (
        "client_id_not_kept",
        "warning",
        "The links' id is of this run only: the state folder takes no file.",
    )
    LINK_CONNECTED = "link_connected", "info", "A broker accepted the connection."
    LINK_SUBSCRIBED = (
        "link_subscribed",
        "info",
        "A broker granted every subscription that is needed.",
    )
    LINK_REFUSED = "link_refused", "error", "A broker refused it; its reason in words.", True
    LINK_UNREACHABLE = "link_unreachable", "warning", "A broker cannot be reached.", True
    LINK_LOST = "link_lost", "warning", "A connection ended unasked; it is tried again.", True
    LINK_CLOSED = "link_closed", "info", "A connection was ended in order."
    LINK_FAILED = "link_failed", "error", "The connection's thread met an unexpected error."
    MESSAGE_REFUSED = "message_refused", "warning", "A message that arrived is unusable.", True
    MESSAGE_FAILED = "message_failed", "error", "A message made its reader fail; given up.", True
    PUBLICATION_REFUSED = "publication_refused", "warning", "A broker took no message.", True
    PUBLICATION_DROPPED = (
        "publication_dropped",
        "info",
        "It was not sent: no link. State is said again.",
        True,
    )

    SOURCE_OPENED = "source_opened", "info", "The bridge gets pictures from a camera.", True
    MOTION_EVENTS_SUBSCRIBED = (
        "motion_events_subscribed",
        "info",
        "The bridge listens to a camera's own motion events.",
        True,
    )
    MOTION_EVENTS_LOST = (
        "motion_events_lost",
        "warning",
        "The bridge hears none of them, and why; `rate_fps` holds, and it tries again.",
        True,
    )
    UPLOAD_REFUSED = (
        "upload_refused",
        "warning",
        "Somebody may not upload by FTP or mail; who and why.",
        True,
    )
    SOURCE_FAILED = (
        "source_failed",
        "warning",
        "The bridge gets none from a camera; why. It is tried again.",
        True,
    )
    CAMERA_FOUND = "camera_found", "info", "A camera was seen for the first time.", True
    CAMERA_FORGOTTEN = "camera_forgotten", "info", "A silent, unlisted camera made room.", True
    CAMERA_REFUSED = "camera_refused", "warning", "A camera is not followed; why.", True
    CAMERA_NAMES_MIXED = (
        "camera_names_mixed",
        "warning",
        "Two cameras' names become one id: their pictures are taken for one camera's.",
        True,
    )
    CAMERA_LOST = "camera_lost", "warning", "A camera sends nothing any more.", True
    CAMERA_DEGRADED = "camera_degraded", "warning", "A camera may see nobody; the reason.", True
    CAMERA_RECOVERED = "camera_recovered", "info", "A reason is over; after how long.", True
    AUTO_MASK_CHANGED = (
        "auto_mask_changed",
        "info",
        "Places that always change were masked by themselves, or given back; what is masked now.",
        True,
    )
    FRAME_REJECTED = "frame_rejected", "info", "A picture is unusable; the reason.", True

    MODEL_OPENED = "model_opened", "info", "A model passed its checks; digest and runtime."
    MODEL_REFUSED = "model_refused", "error", "A model does not fit its manifest; the reason."
    LIBRARY_SPOKE = (
        "library_spoke",
        "info",
        "A library wrote to stderr by itself, as the JPEG decoder does of a damaged picture.",
        True,
    )
    INFERENCE_FAILED = "inference_failed", "error", "The interpreter failed on a frame.", True

    SUSPICION_RAISED = "suspicion_raised", "info", "A rule fired: a suspected threat is reported."
    SUSPICION_DEDUPLICATED = (
        "suspicion_deduplicated",
        "info",
        "Similar to one that was just reported: only counted.",
        True,
    )
    SUSPICION_REPEATED = (
        "suspicion_repeated",
        "info",
        "A picture that the broker sent again raised what was kept before.",
        True,
    )
    SUSPICION_LOST = "suspicion_lost", "error", "A suspicion could not be kept; why.", True
    AUDIT_KEPT = "audit_kept", "info", "A rejected motion event goes to the cloud, as a sample."
    AUDIT_DROPPED = "audit_dropped", "info", "An audit was not kept; why.", True
    STORE_SWEPT = "store_swept", "info", "Old or surplus objects left the directory store.", True
    STORE_FAILED = "store_failed", "error", "The object store cannot be used; why.", True
    STORE_OPENED = "store_opened", "info", "The object store took a picture on trial."
    EVIDENCE_STORED = "evidence_stored", "debug", "A picture lies in the object store."
    EVIDENCE_DOUBTED = (
        "evidence_doubted",
        "warning",
        "The cloud cannot read stored pictures: they are stored again; why.",
        True,
    )
    EVIDENCE_REPLACED = (
        "evidence_replaced",
        "warning",
        "A stored picture was damaged or gone, and was stored again; why.",
        True,
    )
    EVIDENCE_DAMAGED = (
        "evidence_damaged",
        "error",
        "A stored picture is damaged and cannot be replaced; why.",
        True,
    )
    REPORT_SENT = "report_sent", "info", "A report reached the broker."
    REPORT_UNHEARD = (
        "report_unheard",
        "warning",
        "A report reached the broker, and nobody subscribes to it: no cloud worker is there.",
    )
    DELIVERY_FAILED = "delivery_failed", "warning", "It will be tried again; when and why.", True
    ENTRY_BURIED = "entry_buried", "error", "A suspicion was given up; why."
    VERDICT_RECEIVED = "verdict_received", "info", "The cloud answered."
    EVIDENCE_REQUESTED = (
        "evidence_requested",
        "info",
        "The cloud wants another picture before it decides.",
    )
    VERDICT_REFUSED = "verdict_refused", "warning", "A verdict is unusable; why.", True
    VERDICT_MISSED = "verdict_missed", "warning", "No answer in time: unconfirmed."
    NOTIFICATION_FAILED = (
        "notification_failed",
        "error",
        "A destination is not notified of a verdict: refused, or given up; why.",
        True,
    )
    NOTICE_PLANNED = "notice_planned", "info", "Somebody is to be told of a verdict; who."
    NOTICE_DELIVERED = (
        "notice_delivered",
        "info",
        "A destination took a message about an alarm or fault; at which try.",
    )
    CATCH_UP_ENDED = (
        "catch_up_ended",
        "info",
        "Verdicts that the broker may not have kept were looked for in the store; how many.",
    )
    FAULT_NOTICED = (
        "fault_noticed",
        "warning",
        "A gateway or camera is gone or cannot see, or is well again; who is to be told.",
        True,
    )
    SUBSCRIPTION_FORGOTTEN = (
        "subscription_forgotten",
        "info",
        "A browser's subscription to web push is gone; why.",
        True,
    )
    SUPERVISION_FAILED = (
        "supervision_failed",
        "error",
        "An alarm centre does not acknowledge that the line works; why.",
        True,
    )
    SUPERVISION_RECOVERED = (
        "supervision_recovered",
        "info",
        "An alarm centre acknowledges again that the line works.",
        True,
    )
    NOTIFY_QUEUE_FAILED = (
        "notify_queue_failed",
        "error",
        "The disk does not take who is to be told of what; it waits in memory. Why.",
        True,
    )
    NOTIFY_QUEUE_LOST = (
        "notify_queue_lost",
        "error",
        "The queue of notifications was unusable and set aside; what waited is in that file.",
    )
    THREAT_ENDED = "threat_ended", "info", "A camera's threat is OFF again."
    OUTBOX_OPENED = "outbox_opened", "info", "The durable queue stands; what it holds."
    OUTBOX_EVICTED = "outbox_evicted", "error", "An entry was given up for room or age."
    OUTBOX_REPAIRED = (
        "outbox_repaired",
        "error",
        "Damage was found: what was salvaged, what is missing, where the old database is.",
    )
    OUTBOX_IN_MEMORY = (
        "outbox_in_memory",
        "error",
        "The disk takes nothing: suspicions wait in memory; why, and how many.",
        True,
    )
    OUTBOX_ON_DISK = "outbox_on_disk", "info", "The disk takes what waits again."
    PICTURES_LOST = (
        "pictures_lost",
        "error",
        "Pictures of a suspicion cannot be read; its report goes out all the same.",
        True,
    )

    STATIC_REPAIRED = (
        "static_repaired",
        "warning",
        "A damaged memory of static objects was set aside.",
    )
    STATIC_NOT_KEPT = "static_not_kept", "warning", "Static objects are not on disk; why.", True
    STATIC_FORGOTTEN = "static_forgotten", "info", "Static objects were forgotten by command.", True

    SIGNING_KEY_OPENED = (
        "signing_key_opened",
        "info",
        "What the cloud says is signed; by which key.",
    )
    CLOUD_KEYS_OPENED = (
        "cloud_keys_opened",
        "info",
        "Only what is signed by one of these keys is accepted.",
    )
    VERDICTS_UNSIGNED = (
        "verdicts_unsigned",
        "warning",
        "Verdicts carry no signature, or are accepted without: anyone at the broker can forge one.",
    )
    LEDGER_ENTRY_REFUSED = (
        "ledger_entry_refused",
        "error",
        "What is stored as a verdict is none of ours; it is passed over. Why.",
        True,
    )
    ALARM_RECORD_REFUSED = (
        "alarm_record_refused",
        "error",
        "What is stored as a record of an alarm is none of ours; it is passed over. Why.",
        True,
    )
    ALARM_RECORD_NOT_KEPT = (
        "alarm_record_not_kept",
        "warning",
        "A report could not be stored for the index; the verdict stands all the same. Why.",
        True,
    )
    INDEX_MESSAGE_REFUSED = (
        "index_message_refused",
        "warning",
        "A message changes nothing in the index of alarms; why.",
        True,
    )
    INDEX_DELAYED = (
        "index_delayed",
        "warning",
        "Store or database does not answer: what came for the index is tried again. Why.",
        True,
    )
    INDEX_REBUILT = (
        "index_rebuilt",
        "info",
        "The index of alarms has what the object store has; what was read and removed.",
    )
    REPORT_RECEIVED = "report_received", "info", "A report came for confirmation."
    REPORT_REFUSED = "report_refused", "warning", "A report is unusable; why.", True
    REPORT_SET_ASIDE = (
        "report_set_aside",
        "error",
        "A report makes the worker fail though the model works; it is not tried again.",
        True,
    )
    OUTCOME_RECEIVED = (
        "outcome_received",
        "info",
        "A person said what an alarm was; what was called false is not raised again, what was "
        "called real is.",
    )
    OUTCOME_TOLD = "outcome_told", "info", "A gateway was told what a person made of its alarm."
    VERDICT_DECIDED = "verdict_decided", "info", "A report was confirmed, refuted or neither."
    VERDICT_REPEATED = "verdict_repeated", "info", "Another worker had decided it before."
    EVIDENCE_UNREADABLE = (
        "evidence_unreadable",
        "warning",
        "Pictures are missing or not what was hashed; they are read again.",
        True,
    )
    CONFIRMATION_FAILED = "confirmation_failed", "warning", "It stays unacknowledged.", True

    CERTIFICATE_ISSUED = (
        "certificate_issued",
        "info",
        "The enrolment service signed for a gateway.",
    )
    ENROLMENT_REFUSED = (
        "enrolment_refused",
        "warning",
        "No certificate for who asked; why, and what to do.",
        True,
    )
    ENROLMENT_FAILED = (
        "enrolment_failed",
        "warning",
        "A certificate could not be asked for or signed; it is tried again. Why.",
        True,
    )
    CERTIFICATE_RECEIVED = (
        "certificate_received",
        "info",
        "This gateway has a certificate for the cloud's broker; until when.",
    )
