// swift-tools-version: 6.2
//
// The picture of the whole. A module depends only on modules in the rows below its own; a test holds that.
//
//     megaworker   megamanager   megahook   megacomet   megabench   megatop    the programs: glue, thin
//     DashboardCommand                                              a command line that two programs have
//     Daemon   Engine   Publishing   Webhook   Dashboard   ConfigurationFile   daemons, the shared store, apps, screens
//     Watch   ControlLines                                          what is known of an appliance; the control socket
//     Comet   Supervision   Reactor   Browser   FreePorts           decisions, libev and sockets, script
//     Stats   Crypto   TLS                                          reports, events, the table of metrics; OpenSSL
//     Tokens                                                        clients' tokens and their rules
//     Wire   Store   Configuration                                  bytes <-> values, memory, settings
//     Base                                                          bytes and text: buffers, escapes, times, columns
//     CLibev   CEpoll   CSystem   CStore   CSimdjson   CCrypto   CTLS   CCurl   CHiredis   CTerminfo   C at the edge
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
/// The hot path crosses modules (Wire into Comet into the daemons), so release builds optimise across them.
let fast: [SwiftSetting] =
    strict + [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]
/// An app's session is an object. Exclusive access to each of its fields is checked at run time in debug builds, and so
/// in every test. In a release these checks would cost a line with a publish 15 % more instructions. All other pieces
/// of Tests/Benchmarks cost the same with the checks, and have them.
let fastObjects: [SwiftSetting] =
    fast + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let toml: Target.Dependency = .product(name: "TOMLKit", package: "TOMLKit")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "MegaComet",
    products: [
        /// A library for tests: it tells what a failure of power would leave of a file.
        .library(name: "CForgetful", type: .dynamic, targets: ["CForgetful"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        // C at the edge.
        .systemLibrary(name: "CLibev"),
        .systemLibrary(name: "CEpoll"),
        .systemLibrary(name: "CCurl"),
        .systemLibrary(name: "CHiredis"),
        .target(name: "CSystem"),
        /// A checksum and an ordered store, for the arena.
        .target(name: "CStore"),
        .target(name: "CSimdjson", cxxSettings: [.unsafeFlags(["-O2"])], linkerSettings: [.linkedLibrary("simdjson")]),
        /// Keys and signatures of libcrypto.
        .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
        /// Handshakes and records of TLS, of libssl and libcrypto.
        .target(name: "CTLS", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .systemLibrary(name: "CTerminfo", path: "Dashboard/CTerminfo"),

        // Pure: bytes and decisions. No system calls, no clock.
        /// Bytes and text for every room. It imports nothing.
        .target(name: "Base", swiftSettings: fast),
        .target(name: "Wire", dependencies: ["Base"], swiftSettings: fast),
        /// Reports: the metrics' table, the datagrams, and what is made of them.
        .target(name: "Stats", dependencies: ["Base"], swiftSettings: fast),
        /// Many small records in little memory: the only raw memory of the decisions.
        .target(name: "Store", dependencies: ["CStore"], swiftSettings: fast),
        /// Clients' tokens: their form, their rules, and whose they are.
        .target(name: "Tokens", dependencies: ["Base", "Wire"], swiftSettings: fast),
        .target(name: "Comet", dependencies: ["Base", "Store", "Tokens", "Wire"], swiftSettings: fast),
        /// Processes and orders: decisions on their lives, and the language of the control socket.
        .target(name: "Supervision", dependencies: ["Base", "Configuration", "Stats"], swiftSettings: strict),
        /// The facts about an appliance by its reports, and what is wrong with it. The supervisor and megatop have it.
        .target(
            name: "Watch", dependencies: ["Base", "Configuration", "Stats", "Supervision", "Wire"],
            swiftSettings: strict),
        /// The language of the control socket as lines of JSON.
        .target(name: "ControlLines", dependencies: ["Supervision"], swiftSettings: strict),
        /// megacomet.js, compiled in.
        .target(
            name: "Browser", dependencies: ["Base"],
            resources: [.embedInCode("megacomet.js"), .embedInCode("megacomet.d.ts")],
            swiftSettings: strict),

        /// The keys of tokens, in libcrypto.
        .target(name: "Crypto", dependencies: ["Base", "Tokens", "Wire", "CCrypto"], swiftSettings: fast),

        /// Connections over TLS: handshakes, and then records of connections that are parked in their keys.
        .target(name: "TLS", dependencies: ["Base", "Store", "Wire", "CTLS"], swiftSettings: fast),

        // The app port: publishes in, outcomes out. Apart from Comet, so that workers need no simdjson.
        .target(
            name: "Publishing", dependencies: ["Base", "Comet", "Store", "Wire", "CSimdjson"],
            swiftSettings: fastObjects),

        /// The webhook's decisions: what is posted to the app, when, and again.
        .target(name: "Webhook", dependencies: ["Base", "Crypto", "Wire"], swiftSettings: fast),

        // The settings, and the file that holds them.
        .target(
            name: "Configuration", dependencies: ["Base"], path: "Sources/Configuration/Settings", swiftSettings: strict
        ),
        .target(
            name: "ConfigurationFile", dependencies: ["Base", "Configuration", "Reactor", toml],
            path: "Sources/Configuration/File",
            swiftSettings: strict),

        /// Ports for the servers that tests and benchmarks start.
        .target(name: "FreePorts", swiftSettings: strict),

        // I/O.
        .target(name: "Reactor", dependencies: ["Base", "CLibev", "CSystem", "Stats", "Store"], swiftSettings: fast),
        .target(
            name: "Daemon", dependencies: ["Base", "Reactor", "Stats", "Wire", "Configuration", log],
            swiftSettings: fast),
        /// The store that the machines of a cluster share: Redis, through hiredis.
        .target(
            name: "Engine", dependencies: ["Base", "CHiredis", "Reactor", "Stats", "Store"],
            resources: [
                .embedInCode("Scripts/append.lua"), .embedInCode("Scripts/join.lua"),
                .embedInCode("Scripts/give.lua"), .embedInCode("Scripts/keeper.lua"), .embedInCode("Scripts/trim.lua"),
            ],
            swiftSettings: fast),

        // The programs.
        .executableTarget(
            name: "megaworker",
            dependencies: [
                "Base", "Browser", "Comet", "Crypto", "Store", "Stats", "TLS", "Tokens", "Wire", "Reactor", "Daemon",
                "Configuration", log,
            ],
            swiftSettings: fast),
        .executableTarget(
            name: "megamanager",
            dependencies: [
                "Base", "Publishing", "Comet", "Engine", "Stats", "Store", "Wire", "Reactor", "Daemon", "Configuration",
                log,
            ],
            swiftSettings: fast),
        .executableTarget(
            name: "megahook",
            dependencies: [
                "Base", "Crypto", "Webhook", "Stats", "Reactor", "Daemon", "Configuration", "CCurl", log,
            ],
            swiftSettings: fast),
        .executableTarget(
            name: "megacomet",
            dependencies: [
                "Base", "ControlLines", "Crypto", "Supervision", "Stats", "Store", "TLS", "Tokens", "Wire", "Reactor",
                "Configuration", "ConfigurationFile", "DashboardCommand", "Watch", arguments,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "megabench",
            dependencies: [
                "Base", "CEpoll", "Crypto", "CSystem", "FreePorts", "Reactor", "TLS", "Tokens", arguments, histogram,
            ],
            swiftSettings: fast),
        .target(
            name: "Dashboard",
            dependencies: [
                "Base", "CTerminfo", "CSystem", "ControlLines", "Stats", "Wire", "Watch", "Supervision", "Reactor",
                "Configuration",
            ],
            path: "Dashboard", exclude: ["CTerminfo", "Command", "megatop"], swiftSettings: strict),
        .target(
            name: "DashboardCommand",
            dependencies: ["Base", "Dashboard", "Configuration", "ConfigurationFile", "Reactor", "Watch", arguments],
            path: "Dashboard/Command", swiftSettings: strict),
        /// For a checkout. Where MegaComet is installed, megatop is another name of megacomet.
        .executableTarget(
            name: "megatop", dependencies: ["DashboardCommand", arguments], path: "Dashboard/megatop",
            swiftSettings: strict),

        // The tests. TestSupport starts the real programs on free ports in private folders, and ends them by id.
        .target(
            name: "TestSupport", dependencies: ["CEpoll", "FreePorts"], path: "Tests/Support", swiftSettings: strict),
        .executableTarget(
            name: "Benchmarks", dependencies: ["Base", "Comet", "Store", "Wire", "Publishing"],
            path: "Tests/Benchmarks",
            exclude: ["check", "expected.txt"], swiftSettings: fast),
        .testTarget(name: "BaseTests", dependencies: ["TestSupport", "Base"], swiftSettings: strict),
        .testTarget(name: "WireTests", dependencies: ["TestSupport", "Base", "Wire"], swiftSettings: strict),
        .testTarget(name: "StatsTests", dependencies: ["TestSupport", "Base", "Stats"], swiftSettings: strict),
        .testTarget(name: "StoreTests", dependencies: ["TestSupport", "Store"], swiftSettings: strict),
        .testTarget(
            name: "CometTests",
            dependencies: ["TestSupport", "Stats", "Base", "Comet", "Crypto", "Store", "Tokens", "Wire"],
            swiftSettings: strict),
        .testTarget(
            name: "TokensTests", dependencies: ["TestSupport", "Base", "Crypto", "Tokens", "Wire"],
            exclude: ["fixtures.txt"],
            swiftSettings: strict),
        .testTarget(
            name: "TLSTests", dependencies: ["TestSupport", "Base", "Store", "TLS", "Wire"], swiftSettings: strict),
        .testTarget(name: "ReactorTests", dependencies: ["TestSupport", "Base", "Reactor"], swiftSettings: strict),
        .testTarget(
            name: "PublishingTests",
            dependencies: ["TestSupport", "Base", "Store", "Publishing", "Comet", "Stats", "Wire"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WebhookTests", dependencies: ["TestSupport", "Crypto", "Webhook"], swiftSettings: strict),
        .testTarget(
            name: "EngineTests",
            dependencies: ["TestSupport", "Base", "CHiredis", "Engine", "Reactor", "Stats"],
            swiftSettings: strict),
        .testTarget(
            name: "SupervisionTests", dependencies: ["ControlLines", "Supervision", "Configuration", "Stats"],
            swiftSettings: strict),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["TestSupport", "Base", "Configuration", "ConfigurationFile"],
            swiftSettings: strict),
        .testTarget(
            name: "BenchTests",
            dependencies: ["TestSupport", "Base", "TLS", "megabench", "megaworker", "megamanager", "megacomet"],
            swiftSettings: strict),
        .testTarget(
            name: "DashboardTests",
            dependencies: [
                "TestSupport", "Base", "Dashboard", "Configuration", "ConfigurationFile", "Reactor", "Stats",
                "Supervision", "Watch", "Wire",
            ],
            exclude: ["Golden"], swiftSettings: strict),
        .testTarget(
            name: "WatchTests", dependencies: ["Stats", "Supervision", "Watch"], swiftSettings: strict),
        /// The sources read as text: the picture above, and the rules that no compiler checks.
        .testTarget(name: "TidyTests", swiftSettings: strict),
        .testTarget(
            name: "SimulationTests", dependencies: ["TestSupport", "Base", "Comet", "Store", "Tokens", "Wire"],
            swiftSettings: strict),
        .target(name: "CForgetful", path: "Tests/CForgetful"),
        .testTarget(
            name: "SystemTests",
            dependencies: [
                "TestSupport", "Base", "Crypto", "FreePorts", "Stats", "Tokens", "megacomet", "megaworker",
                "megamanager", "megahook", "megabench", "megatop",
            ],
            swiftSettings: strict),
    ],
    cxxLanguageStandard: .cxx17
)
