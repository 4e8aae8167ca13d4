/// Everything that an operator may set, with its default. `Setting.all` is the other half of the table: each of its
/// rows points to a field here, and says its meaning, its range and which programs take it.
///
/// Times are in seconds, sizes in bytes.
package struct Settings: Equatable, Sendable {
    package var runDirectory = "/run/megacomet"
    package var workers = Workers()
    package var manager = Manager()
    package var app = App()
    package var queue = Queue()
    package var channels = Channels()
    package var cluster = Cluster()
    package var tokens = Tokens()
    package var tls = TLS()
    package var stats = Stats()
    package var `operator` = Operator()
    package var supervisor = Supervisor()
    package var log = Log()

    package init() {}

    /// A process whose supervisor has died serves on for so long. If no other supervisor has come by then, it drains
    /// and leaves. It is no setting.
    package static let orphanGraceSeconds = 30.0

    package struct Workers: Equatable, Sendable {
        package var count = 8
        package var address = "0.0.0.0"
        package var basePort = 8000
        package var port = 0
        package var maxConnections = 131_072
        package var pollTimeout = 40.0
        package var heartbeat = 25.0
        package var headerTimeout = 10.0
        package var idleTimeout = 75.0
        package var maxRequest = 8192
        package var origins = ["*"]
        package var jsonp = true
        package var trustedProxies: [String] = []
        package var maxPerAddress = 0
        package var acceptsPerAddress = 0
    }
    package struct Manager: Equatable, Sendable {
        package var address = "127.0.0.1"
        package var port = 9000
        /// `nil`: it is spoken if apps need no key.
        package var seedProtocol: Bool?
    }
    package struct App: Equatable, Sendable {
        package var address = "127.0.0.1"
        package var port = 9001
        package var key = ""
        package var keyFile = ""
        package var hosts: [String] = []
        /// Kinds of events that are kept beside those of receipts: `clients`, `channels`.
        package var events: [String] = []
        /// Publishes whose answer may be held at one time.
        package var maxWaits = 10_000
        /// The URL to which events are posted. Empty: there is no webhook, and no process for it.
        package var webhook = ""
        package var webhookKey = ""
        package var webhookKeyFile = ""
        package var webhookCA = ""
        package var keys: [AppKeySetting] = []
        package var hasWebhook: Bool { !webhook.isEmpty }
        /// Apps must send a key.
        package var needsKey: Bool { !key.isEmpty || !keyFile.isEmpty || !keys.isEmpty }
    }
    package struct Queue: Equatable, Sendable {
        package var ttl = 60.0
        package var maxMessage = 65_536
        package var maxPerClient = 1000
        package var maxMessages = 1_000_000
        package var maxBytes = 1_073_741_824
        package var journal = "process"
        package var journalDirectory = ""
    }
    package struct Channels: Equatable, Sendable {
        package var maxMessages = 10_000
        package var maxPerClient = 64
        package var linger = 60.0
        package var presence: [String] = []
    }
    package struct Cluster: Equatable, Sendable {
        /// The address of the store that machines share, which may have a password in it. Empty: there is none.
        package var redis = ""
        package var name = ""
        package var sentinels: [String] = []
        package var sentinelMaster = ""
        package var prefix = "megacomet"
        package var replicas = 0
        /// This machine is one of several.
        package var isOn: Bool { !redis.isEmpty }
    }
    package struct Tokens: Equatable, Sendable {
        /// `nil`: they are, if `keys` names a file.
        package var required: Bool?
        package var keys: [String] = []
        package var issuer = ""
        package var audience = ""
        package var leeway = 10.0
        package var maxAge = 86_400.0
        package var cookie = ""
        /// No client is served without a token.
        package var areRequired: Bool { required ?? areTaken }
        /// Tokens are verified.
        package var areTaken: Bool { !keys.isEmpty }
    }
    package struct TLS: Equatable, Sendable {
        package var certificate = ""
        package var key = ""
        package var basePort = 0
        package var port = 0
        /// Clients are served over TLS.
        package var isOn: Bool { basePort > 0 || port > 0 }
    }
    package struct Stats: Equatable, Sendable {
        package var address = "127.0.0.1"
        package var port = 9002
        package var interval = 1.0
    }
    package struct Operator: Equatable, Sendable {
        package var address = "127.0.0.1"
        package var port = 9003
        package var hosts: [String] = []
    }
    package struct Supervisor: Equatable, Sendable {
        package var drain = 60.0
        package var stop = 10.0
        package var watchdog = 10.0
        package var restartDelay = 0.1
        package var restartDelayMax = 30.0
        package var crashloopExits = 5
        package var crashloopWindow = 60.0
    }
    package struct Log: Equatable, Sendable {
        package var level = "info"
        package var format = "text"
    }
}
