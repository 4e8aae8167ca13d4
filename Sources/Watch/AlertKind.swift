/// The kinds of alerts: the one table of their words. Screens, `--check`, /health, the events and the manual take them
/// from here.
package enum AlertKind: String, CaseIterable, Sendable {
    // Processes.
    case down, held, gone, suspect, overload, link, exits, failed, lag, cpu, fds
    // Messages.
    case expiry, oldest, drops, died, gaps, balance, queue, channels, channelBooks = "channel books", fanouts
    // Clients.
    case left, conns, refused, latency, heartbeats, behind
    // Apps.
    case full, rejected, stalled, webhook, unread
    // The journal, tokens and settings.
    case damaged, journalFull = "journal full", journal, tokens, certificate, config
    // The cluster.
    case engineAway = "engine away", engineFull = "engine full", engineSlow = "engine slow", nodeLost = "node lost"
    // The machine.
    case memory, pressure, oom, accepts, datagrams, clock, throttled

    /// What is wrong, in few words; at most seven letters for a screen of 20 columns; and the screen of megatop that
    /// shows more.
    private var row: (what: String, short: String, screen: Int) {
        switch self {
        case .down: ("is down", "down", 4)
        case .held: ("is held", "held", 4)
        case .gone: ("is gone", "gone", 4)
        case .suspect: ("is silent", "silent", 4)
        case .overload: ("is overloaded", "overld", 1)
        case .link: ("has no link", "no link", 4)
        case .exits: ("ended", "exit", 5)
        case .failed: ("an order failed", "failed", 4)
        case .lag: ("is late", "late", 4)
        case .cpu: ("needs its whole core", "cpu", 4)
        case .fds: ("descriptors run out", "fds", 4)
        case .expiry: ("messages expire", "expire", 2)
        case .oldest: ("messages are about to expire", "oldest", 2)
        case .drops: ("messages are dropped", "drops", 2)
        case .died: ("took messages along", "died", 2)
        case .gaps: ("clients are told of gaps", "gaps", 2)
        case .balance: ("books don't balance", "books", 2)
        case .queue: ("the queue fills", "queue", 2)
        case .channels: ("channels drop messages", "chdrop", 2)
        case .channelBooks: ("the books of channels don't balance", "chbooks", 2)
        case .fanouts: ("fan-outs pile up", "fanouts", 2)
        case .left: ("clients left", "left", 3)
        case .conns: ("connections run out", "conns", 1)
        case .refused: ("clients are refused", "refuse", 3)
        case .latency: ("deliveries are slow", "slow", 3)
        case .heartbeats: ("heartbeats missed", "beats", 3)
        case .behind: ("streams behind", "behind", 3)
        case .full: ("publishes refused, the queue is full", "full", 2)
        case .rejected: ("apps are refused", "apps", 3)
        case .stalled: ("an app does not read its answers", "stall", 3)
        case .webhook: ("the app takes no events", "webhook", 4)
        case .unread: ("events for apps are lost", "events", 3)
        case .damaged: ("the journal was damaged", "damaged", 2)
        case .journalFull: ("publishes refused, the journal is full", "full", 2)
        case .journal: ("the journal fails", "journal", 2)
        case .tokens: ("tokens are refused", "tokens", 3)
        case .certificate: ("the certificate ends", "cert", 1)
        case .config: ("the configuration was refused", "config", 5)
        case .engineAway: ("the engine is away", "engine", 7)
        case .engineFull: ("the engine's memory fills", "engfull", 7)
        case .engineSlow: ("the engine is slow", "engslow", 7)
        case .nodeLost: ("a machine of the cluster is gone", "node", 7)
        case .memory: ("memory runs out", "memory", 6)
        case .pressure: ("programs wait for memory", "memory", 6)
        case .oom: ("the kernel ended programs, memory was out", "oom", 6)
        case .accepts: ("connections are lost before they are taken", "accept", 6)
        case .datagrams: ("reports are lost", "reports", 6)
        case .clock: ("the clock was set", "clock", 6)
        case .throttled: ("processor time is held back", "cpu", 6)
        }
    }
    package var what: String { row.what }
    package var short: String { row.short }
    package var screen: Int { row.screen }

    /// When it rises, and when it is critical (in brackets).
    package var rule: String {
        switch self {
        case .down: "A process is not running and is tried again (critical)."
        case .held: "A process ended with a code that does not heal, or is in want of its operator (critical)."
        case .gone: "No report for a minute, and no supervisor (critical). megatop alone sees it."
        case .suspect: "No report for three intervals. The text says what the kernel knows of it."
        case .overload: "It is full, or its loop is late again and again."
        case .link: "A worker or the webhook is not linked to the manager."
        case .exits: "An end in the last minute that nobody had ordered (from five on: critical)."
        case .failed: "A rolling restart or an upgrade failed. It stays for an hour, or until it is acknowledged."
        case .lag: "A loop was late: loop_lag_max_us."
        case .cpu: "A process used 70 % (90 %) of a core."
        case .fds: "A process has 80 % (95 %) of its descriptors open."
        case .expiry: "Messages expire: 1 % (10 %) of what is published, or any while nothing is published."
        case .oldest: "The oldest message has waited 75 % (95 %) of queue.ttl."
        case .drops: "Clients have more than queue.max_per_client: 0.1 (10) a second are dropped."
        case .died:
            "A manager died with messages that its journal did not bring back (critical). In a cluster Redis has them. "
                + "It stays for an hour, or until it is acknowledged."
        case .gaps: "Clients are told that messages before were lost: 0.1 (10) a second."
        case .balance: "Messages came in, and neither wait nor left (critical)."
        case .queue: "The queue is at 50 % (90 %) of queue.max_messages or queue.max_bytes."
        case .channels: "Histories of channels are cut: channels.max_messages."
        case .channelBooks: "Messages of channels came in, and neither are kept nor left (critical)."
        case .fanouts: "Messages for many come faster than they go out."
        case .left:
            "A fifth of the clients and at least 20 left within ten seconds (half of them: critical). Until half are "
                + "back, for ten minutes at most."
        case .conns: "Connections are at 80 % (95 %) of the limit."
        case .refused: "Connections or requests of clients are refused: 1 (100) a second."
        case .latency: "One in a hundred deliveries of ten seconds took 100 (500) ms or more."
        case .heartbeats: "WebSockets did not answer: 5 % (20 %) of the heartbeats."
        case .behind: "Streams whose line takes less than is sent: 5 % (20 %)."
        case .full: "Publishes are refused since the queue is full: 0.1 (10) a second."
        case .rejected: "Requests of apps are refused for their key, form or size: 1 (100) a second."
        case .stalled: "More than 1 MB (16 MB) of answers wait for one app."
        case .webhook: "The webhook's URL takes nothing: webhook_failing_ms."
        case .unread: "Events for apps could not be kept, or were passed over (critical)."
        case .damaged: "Segments of the journal were set aside (critical)."
        case .journalFull: "Publishes are refused since the journal is full: 0.1 (10) a second."
        case .journal: "The journal could not be written (critical)."
        case .tokens: "Tokens of clients are refused: 1 (100) a second, and more than are taken."
        case .certificate: "The workers' certificate ends in 14 days (is over)."
        case .config: "The last reload was refused."
        case .engineAway:
            "The Redis server of the cluster can't be used: publishes are refused (critical). The text says why."
        case .engineFull: "It has 90 % (98 %) of its maxmemory."
        case .engineSlow: "Each second of the last ten had an append that took 100 ms (1 s) or more."
        case .nodeLost: "A machine has said nothing for 10 s, and its clients count as absent."
        case .memory: "10 % (5 %) of the memory that may be used is left."
        case .pressure: "Programs wait for memory: psi_mem_some_us_total."
        case .oom: "The kernel ended a program of this machine for want of memory, in the last ten seconds (critical)."
        case .accepts: "Listeners drop connections, or a worker can't take one: 0.1 (10) a second."
        case .datagrams: "Reports did not reach the supervisor: hub_rxq_drops_total."
        case .clock: "The wall clock was set by a second or more. It stays for ten minutes."
        case .throttled: "The control group held back 5 % (25 %) of the time: CPUQuota."
        }
    }
}
