extension Setting {
    /// The manager, apps, the queue and channels.
    static let ofTheManager: [Setting] = [
        Setting(
            "manager.address", .text(\.manager.address, .address), .start, worker: "manager", manager: "address",
            "The address on which the manager listens for its workers, and for apps of the seed's protocol. It has no "
                + "key: keep it on loopback. A worker that is started by hand may name its manager's host instead."
        ),
        Setting(
            "manager.port", .integer(\.manager.port, ports, unit: "port"), .start, worker: "manager", manager: "port",
            "The manager's port for workers."),
        Setting(
            "manager.seed_protocol", .automatic(\.manager.seedProtocol), .restart, manager: "seed-protocol",
            "Whether the seed's two commands are spoken on that port as well, by anyone on this machine and "
                + "without the key. \"auto\": only if apps need no key. It is never spoken in a cluster."),

        Setting(
            "app.address", .text(\.app.address, .address), .start, manager: "app-address", webhook: "app",
            "The address on which apps publish. An address that is not loopback needs a key."),
        Setting(
            "app.port", .integer(\.app.port, ports, unit: "port"), .start, manager: "app-port", webhook: "app",
            "The port on which apps publish."),
        Setting(
            "app.key", .text(\.app.key, .secret), .reload,
            "A key that allows everything. An app must send this one or one of app.keys, as Authorization: Bearer KEY "
                + "or X-API-Key: KEY. Without any key none is asked for. The manager gets the keys in a file "
                + "(--app-key-file), never on its command line."
        ),
        Setting(
            "app.key_file", .text(\.app.keyFile, .pathOrEmpty), .reload,
            "A file with that key, instead of app.key. Its last newline is no part of the key. `megacomet reload` "
                + "reads it again."),
        Setting(
            "app.hosts", .list(\.app.hosts, .host), .restart, manager: "app-hosts",
            "Names by which apps ask for this machine without a key (the Host of a request), beside addresses, "
                + "localhost and its own host name. Any other name gets 403, so that no web page gets in. "
                + "A request with the key may use any name."),
        Setting(
            "app.events", .list(\.app.events, .oneOf(["clients", "channels"])), .restart, manager: "events",
            "Events that are kept for apps beside those of messages with a receipt. \"clients\": a client was "
                + "connected, or is absent. \"channels\": a client was subscribed or unsubscribed."),
        Setting(
            "app.max_waits", .integer(\.app.maxWaits, 0...100_000, unit: "publishes"), .restart, manager: "max-waits",
            "Publishes with wait= whose answers are held at one time. One more is answered at once, as if its time "
                + "were over."),
        Setting(
            "app.webhook", .text(\.app.webhook, .webhook), .restart, webhook: "webhook",
            "The URL to which the process megahook posts events (docs/webhook.txt). Empty: there is no such process. "
                + "It begins and ends with stop and start; another URL needs a restart of the webhook."),
        Setting(
            "app.webhook_key", .text(\.app.webhookKey, .secret), .reload,
            "The key with which megahook signs its requests, 8 to 512 bytes. Empty: they are not signed. megahook gets "
                + "it in a file (--webhook-key-file), never on its command line."),
        Setting(
            "app.webhook_key_file", .text(\.app.webhookKeyFile, .pathOrEmpty), .reload,
            "A file with that key, instead of app.webhook_key. Its last newline is no part of the key. `megacomet "
                + "reload` reads it again."),
        Setting(
            "app.webhook_ca", .text(\.app.webhookCA, .pathOrEmpty), .restart, webhook: "webhook-ca",
            "A file of certificates (PEM) that may have signed that of an https webhook. Empty: those of the system."),
        Setting(
            "app.keys", .keys(\.app.keys), .reload,
            "More keys, each in a table [[app.keys]]. name tells what it is for (letters, digits, _ . -). key has 8 to "
                + "512 bytes, or key_file names a file with it. may lists what the key allows: publish, subscribe, "
                + "events, disconnect, read; without it, all. Two keys may have one name, an old and a new one. These "
                + "tables come behind all other settings of [app]."),

        Setting(
            "queue.ttl", .number(\.queue.ttl, 0.01...604_800, unit: "s"), .restart, manager: "ttl",
            "A message that nobody fetched is forgotten after this time, unless its publisher says otherwise."),
        Setting(
            "queue.max_message", .integer(\.queue.maxMessage, 1...16_777_216, unit: "bytes"), .restart,
            manager: "max-message",
            "Bytes of one message's JSON. A longer message gets 413."),
        Setting(
            "queue.max_per_client", .integer(\.queue.maxPerClient, 1...1_000_000, unit: "messages"), .restart,
            manager: "max-per-client",
            "Messages that wait for one client. If one more comes, the oldest is dropped and counted, and the client "
                + "is told of a gap."
        ),
        Setting(
            "queue.max_messages", .integer(\.queue.maxMessages, 1...100_000_000, unit: "messages"), .restart,
            manager: "max-messages",
            "Messages that wait in all. One more publish is refused with 503."),
        Setting(
            "queue.max_bytes", .integer(\.queue.maxBytes, 1024...1_099_511_627_776, unit: "bytes"), .restart,
            manager: "max-bytes",
            "Bytes of the messages that wait in all. A publish that would exceed it is refused with 503."),
        Setting(
            "queue.journal", .text(\.queue.journal, .oneOf(["process", "disk", "off"])), .restart, manager: "journal",
            "What keeps the queue over the manager's death. \"process\": memory that the supervisor holds for it. "
                + "\"disk\": also files, so that it outlives a stop and a power failure. \"off\": nothing does."),
        Setting(
            "queue.journal_directory", .text(\.queue.journalDirectory, .pathOrEmpty), .restart,
            manager: "journal-directory",
            "The folder of the files with queue.journal = \"disk\". Empty: /var/lib/megacomet."),

        Setting(
            "channels.max_messages", .integer(\.channels.maxMessages, 1...1_000_000, unit: "messages"), .restart,
            manager: "channel-messages",
            "Messages that are kept in one channel. If one more comes, the oldest is dropped and counted, and "
                + "subscribers who had not read it are told of a gap."),
        Setting(
            "channels.max_per_client", .integer(\.channels.maxPerClient, 1...1000, unit: "channels"), .restart,
            manager: "channels-per-client",
            "Channels that one client may subscribe to. A subscription to one more is refused."),
        Setting(
            "channels.linger", .number(\.channels.linger, 10...86_400, unit: "s"), .restart, manager: "linger",
            "The subscriptions of a client end this time after it was last connected."),
        Setting(
            "channels.presence", .list(\.channels.presence, .channelPrefix), .restart, manager: "presence",
            "Channels whose names begin with one of these tell their subscribers which users came and left. It needs "
                + "tokens.required, since without tokens a user's name opens what is published to that user."),
    ]
}
