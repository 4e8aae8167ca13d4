"""Series that make each alert of config/prometheus/megacomet.rules.yml fire, and series that do not, for `promtool test
rules`. A value is repeated every 15 s, and `start+step` grows. The alerts are looked at in the end: after 20 minutes, or
after 90 for those that compare with the last hour."""

INTERVAL = 15
END, LATE_END = 20 * 60, 90 * 60
LATE = {"Reconnects", "TokensRefused"}
DAY = 86400

# alert, severity, {metric and its labels: (values of the instance that is bad, and of the one that is good)}, the words
# of the summary that are computed
ALERTS = [
    ("Down", "critical", {"up": ("0", "1")}, "the supervisor"),
    ("CrashLoop", "critical", {'megacomet_child_state{process="worker-3",worker="3",state="crashloop"}': ("1", "0")}, "worker-3 crashes"),
    ("ProcessNotReady", "critical", {
        'megacomet_child_state{process="manager",state="ready"}': ("0", "0"),
        'megacomet_child_state{process="manager",state="draining"}': ("0", "1"),
        'megacomet_child_desired{process="manager"}': ("1", "1")}, "manager has"),
    ("ProcessDies", "warning", {'megacomet_child_exits_60s{process="webhook"}': ("2", "1")}, "webhook ended 2 times"),
    ("Overloaded", "warning", {'megacomet_worker_loop_busy_us_total{worker="3"}': ("0+14250000", "0+10000000")}, "worker-3 works 95%"),
    ("Overloaded", "warning", {"megacomet_manager_loop_busy_us_total": ("0+14250000", "0+10000000")}, "the manager works 95%"),
    ("ReloadFailed", "warning", {"megacomet_supervisor_config_ok": ("0", "1")}, "the last reload failed"),
    ("LinkDown", "critical", {'megacomet_worker_mgr_link_up{worker="3"}': ("0", "1")}, "worker-3 is not"),
    ("Descriptors", "warning", {
        'megacomet_worker_fds_open{worker="3"}': ("90", "80"), 'megacomet_worker_fd_limit{worker="3"}': ("100", "100")}, "worker-3 uses 90%"),
    ("Descriptors", "warning", {
        "megacomet_manager_fds_open": ("90", "80"), "megacomet_manager_fd_limit": ("100", "100")}, "a process uses 90%"),
    ("WorkerFull", "warning", {
        'megacomet_worker_conns_open{worker="3"}': ("95", "80"), 'megacomet_worker_conn_limit{worker="3"}': ("100", "100")}, "worker-3 has 95%"),
    ("AcceptsDropped", "warning", {"megacomet_host_listen_overflows_total": ("0+30", "0+1")}, "drops 2 new"),
    ("TCPMemory", "warning", {"megacomet_host_tcp_mem_pages": ("90", "70"), "megacomet_host_tcp_mem_limit_pages": ("100", "100")}, "uses 90%"),
    ("Reconnects", "warning", {'megacomet_worker_accepts_total{worker="3"}': ("0+15x340 5100+3000x19", "0+3000")}, "200 new"),
    ("QueueFilling", "warning", {
        "megacomet_manager_q_msgs": ("850", "700"), "megacomet_manager_q_limit_msgs": ("1000", "1000"),
        "megacomet_manager_q_bytes": ("0", "0"), "megacomet_manager_q_limit_bytes": ("1000", "1000")}, "filling"),
    ("QueueFilling", "warning", {
        "megacomet_manager_q_msgs": ("0+20", "5000"), "megacomet_manager_q_limit_msgs": ("10000", "10000"),
        "megacomet_manager_q_bytes": ("900", "0"), "megacomet_manager_q_limit_bytes": ("1000", "1000")}, "filling"),
    ("QueueFilling", "warning", {
        "megacomet_manager_q_msgs": ("0+20", "0+10"), "megacomet_manager_q_limit_msgs": ("2200", "2200"),
        "megacomet_manager_q_bytes": ("0", "0"), "megacomet_manager_q_limit_bytes": ("1000", "1000")}, "filling"),
    ("PublishesRefused", "critical", {'megacomet_manager_rejected_total{reason="full"}': ("0+15", "7")}, "refused, 1 a second"),
    ("MessagesExpire", "warning", {
        "megacomet_manager_expired_total": ("0+15", "0+15"), "megacomet_manager_enq_total": ("0+300", "0+3000")}, "5% of"),
    ("MessagesDropped", "warning", {"megacomet_manager_dropped_full_total": ("0+15", "0+1")}, "1 messages a second"),
    ("MessagesDropped", "warning", {"megacomet_manager_channel_dropped_total": ("0+15", "0+1")}, "1 messages a second"),
    ("MessagesDropped", "warning", {'megacomet_worker_undelivered_lost_total{worker="3"}': ("0+15", "9")}, "1 messages a second"),
    ("MessagesOld", "warning", {
        'megacomet_manager_q_age_messages{seconds="40-"}': ("1500", "900"), "megacomet_manager_q_msgs": ("2000", "2000")}, "75% of"),
    ("MessagesOld", "warning", {
        'megacomet_manager_q_age_messages{seconds="40-"}': ("1500", "900"), "megacomet_manager_q_msgs": ("2000", "900")}, "75% of"),
    ("DeliverySlow", "warning", {
        'megacomet_delivery_seconds_bucket{worker="3",le="0.1"}': ("0+95", "0+995"),
        'megacomet_delivery_seconds_count{worker="3"}': ("0+100", "0+1000")}, "5% of"),
    ("AppNotReading", "warning", {"megacomet_manager_app_backlog_max_bytes": ("1048576", "1000")}, "1MiB of"),
    ("JournalFull", "critical", {"megacomet_manager_journal_refused_total": ("0+15", "4")}, "refused, 1 a second"),
    ("JournalDamaged", "critical", {"megacomet_manager_journal_damaged": ("2", "0")}, "2 parts"),
    ("JournalError", "critical", {"megacomet_manager_journal_error": ("28", "0")}, "errno 28"),
    ("WebhookFailing", "warning", {"megacomet_webhook_failing_ms": ("61000", "59000")}, "for 61k ms"),
    ("WebhookFailing", "critical", {"megacomet_webhook_failing_ms": ("901000", "899000")}, "for 901k ms"),
    ("WebhookLinkDown", "warning", {"megacomet_webhook_link_up": ("0", "1")}, "reads no events"),
    ("EventsLost", "critical", {"megacomet_manager_events_lost_total": ("0+1", "3")}, "could not be kept"),
    ("TokensRefused", "warning", {'megacomet_worker_tokens_refused_total{worker="3"}': ("0+0x320 0+60x39", "0+60")}, "4 tokens"),
    ("CertificateEnds", "warning", {'megacomet_worker_tls_certificate_end_seconds{worker="3"}': (f"{END + 13 * DAY}", "99999999")}, "in 13d 0h 0m 0s"),
    ("CertificateEnds", "critical", {'megacomet_worker_tls_certificate_end_seconds{worker="3"}': (f"{END + 2 * DAY}", f"{END + 4 * DAY}")}, "in 2d 0h 0m 0s"),
    ("CertificateEnds", "critical", {'megacomet_worker_tls_certificate_end_seconds{worker="3"}': ("60", "0")}, "in -19m 0s"),
    ("EngineAway", "critical", {"megacomet_manager_engine_up": ("0", "1")}, "publishes are refused"),
    ("EngineFull", "warning", {
        "megacomet_manager_engine_memory_bytes": ("95", "80"), "megacomet_manager_engine_memory_max_bytes": ("100", "100")}, "uses 95%"),
    ("EngineFull", "warning", {
        "megacomet_manager_engine_memory_bytes": ("95", "80"), "megacomet_manager_engine_memory_max_bytes": ("100", "0")}, "uses 95%"),
    ("EngineSlow", "warning", {"megacomet_manager_engine_latency_max_us": ("250000", "90000")}, "takes 250ms"),
    ("NodeLost", "warning", {"megacomet_manager_nodes_lost": ("2", "0")}, "are gone: 2"),
]
