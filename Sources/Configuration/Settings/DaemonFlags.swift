import Base

extension DaemonArguments {
    struct Flag: Sendable {
        let name: String
        let placeholder: String
        let meaning: String
        let read: @Sendable (inout DaemonArguments, String) throws(SettingMistake) -> Void
        /// The flag's value. `nil` leaves the flag out.
        let write: @Sendable (DaemonArguments) -> String?
    }

    static func flags(_ role: Role) -> [Flag] {
        switch role {
        case .worker: workerFlags
        case .manager: managerFlags
        case .webhook: webhookFlags
        }
    }
    private static let workerFlags = [number, generation, port] + settingFlags(\.workerFlag)
    private static let managerFlags = [generation] + settingFlags(\.managerFlag) + [redisFile, appKeyFile]
    private static let webhookFlags = [generation] + settingFlags(\.webhookFlag) + [webhookKeyFile]

    private static let number = Flag(
        name: "number", placeholder: "N", meaning: "This worker's number, from 0.",
        read: { (arguments, text) throws(SettingMistake) in arguments.number = try whole(text, 0...127) },
        write: { "\($0.number)" })
    private static let generation = Flag(
        name: "generation", placeholder: "N", meaning: "How many processes of this name were started, with this one.",
        read: { (arguments, text) throws(SettingMistake) in arguments.generation = try whole(text, 0...Int(UInt32.max))
        },
        write: { "\($0.generation)" })
    private static let port = Flag(
        name: "port", placeholder: "PORT", meaning: "The port on which it listens for clients (8000 + number).",
        read: { (arguments, text) throws(SettingMistake) in arguments.port = try whole(text, 0...65535) },
        write: { "\($0.port)" })
    private static let appKeyFile = Flag(
        name: "app-key-file", placeholder: "PATH",
        meaning:
            "A file with the key that apps must send, or with the supervisor's list of keys. Its last newline is no "
            + "part of it.",
        read: { (arguments, text) throws(SettingMistake) in arguments.appKeyFile = text },
        write: { $0.appKeyFile })

    private static let webhookKeyFile = Flag(
        name: "webhook-key-file", placeholder: "PATH",
        meaning: "A file with the key that signs the requests. Its last newline is no part of it.",
        read: { (arguments, text) throws(SettingMistake) in arguments.webhookKeyFile = text },
        write: { $0.webhookKeyFile })

    private static let redisFile = Flag(
        name: "redis-file", placeholder: "PATH",
        meaning: "A file with the address of the Redis server that several machines share (cluster.redis).",
        read: { (arguments, text) throws(SettingMistake) in arguments.redisFile = text },
        write: { $0.redisFile })

    private static func whole(_ text: String, _ range: ClosedRange<Int>) throws(SettingMistake) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw SettingMistake("\"\(text)\" is not a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// One flag for each setting that the daemon takes. An address and its port are two settings with one flag.
    private static func settingFlags(_ column: KeyPath<Setting, String?>) -> [Flag] {
        var result: [Flag] = []
        for setting in Setting.all {
            guard let name = setting[keyPath: column] else { continue }
            if let at = result.firstIndex(where: { $0.name == name }) {
                guard let address = Setting.all.first(where: { $0[keyPath: column] == name }) else { continue }
                result[at] = endpointFlag(name, address, setting)
            } else {
                result.append(
                    Flag(
                        name: name, placeholder: setting.placeholder,
                        meaning: setting.firstSentence + " (\(setting.defaultValue.argument))",
                        read: { (arguments, text) throws(SettingMistake) in
                            try setting.set(try setting.parse(argument: text), in: &arguments.settings)
                        },
                        write: { setting.value(in: $0.settings).argument }))
            }
        }
        return result
    }
    private static func endpointFlag(_ name: String, _ address: Setting, _ port: Setting) -> Flag {
        Flag(
            name: name, placeholder: "HOST:PORT",
            meaning: address.firstSentence + " (\(address.defaultValue.argument):\(port.defaultValue.argument))",
            read: { (arguments, text) throws(SettingMistake) in
                guard let endpoint = Endpoint(parsing: text) else {
                    let isBare = text.utf8.filter { $0 == UInt8(ascii: ":") }.count > 1 && text.first != "["
                    throw SettingMistake(
                        "\"\(text)\" is not HOST:PORT" + (isBare ? ": an IPv6 address needs brackets, [::1]:9000" : ""))
                }
                if connected.contains(name), case .text(let host, _) = address.field {
                    arguments.settings[keyPath: host] = endpoint.host
                } else {
                    try address.set(.text(endpoint.host), in: &arguments.settings)
                }
                try port.set(.integer(Int(endpoint.port)), in: &arguments.settings)
            },
            write: {
                guard case .text(let host) = address.value(in: $0.settings),
                    case .integer(let port) = port.value(in: $0.settings)
                else { return nil }
                return "\(Endpoint(host, UInt16(port)))"
            })
    }
    /// Flags of endpoints that the daemon connects to. Their host may be a name. (Reports are sent without a
    /// connection, so nothing would say which address of a name is the right one.)
    private static let connected = ["manager", "app"]
}

extension Setting {
    var firstSentence: String {
        var end = meaning.startIndex
        while let dot = meaning[end...].firstIndex(of: ".") {
            end = meaning.index(after: dot)
            if end == meaning.endIndex || meaning[end] == " " { return String(meaning[..<end]) }
        }
        return meaning
    }
    /// The word that stands for the value in `--help`.
    var placeholder: String {
        switch field {
        case .bool: "true|false"
        case .automatic: "true|false|auto"
        case .integer(_, _, let unit): unit == "bytes" ? "BYTES" : unit == "port" ? "PORT" : "N"
        case .number: "SECONDS"
        case .text(_, .address): "ADDRESS"
        case .text(_, .path): "PATH"
        case .text(_, .oneOf(let words)): words.count <= 3 ? words.joined(separator: "|") : "LEVEL"
        case .text: "TEXT"
        case .list, .keys: "LIST"
        }
    }
}
