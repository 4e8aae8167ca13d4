/// How a Redis server is reached, and how a client signs in:
///
///     redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
///     unix://[[USER]:PASSWORD@]/PATH[?db=DATABASE]
///
/// An IPv6 address stands in brackets. User and password may have bytes as `%XX`. The port is 6379 if none is given.
package struct RedisAddress: Equatable, Sendable, CustomStringConvertible {
    package enum Place: Equatable, Sendable, CustomStringConvertible {
        case tcp(Endpoint)
        case unix(String)

        package var description: String {
            switch self {
            case .tcp(let endpoint): "\(endpoint)"
            case .unix(let path): path
            }
        }
    }
    /// Why a text is no address. It never has the password.
    package struct Mistake: Error, Equatable, CustomStringConvertible {
        package let description: String
    }
    package static let usualPort: UInt16 = 6379
    /// What stands for a password that is not shown.
    package static let mask = "***"
    /// The most bytes of a socket's path (unix(7)).
    private static let mostPath = 107

    package var place: Place
    package var database: Int
    /// `nil`: the server's default user.
    package var user: String?
    package var password: String?

    package init(_ place: Place, database: Int = 0, user: String? = nil, password: String? = nil) {
        self.place = place
        self.database = database
        self.user = user
        self.password = password
    }

    /// Reads an address.
    package static func parse(_ text: String) throws(Mistake) -> RedisAddress {
        guard let scheme = text.firstRange(ofScheme: "://") else {
            throw Mistake(description: "it must begin with redis:// or unix://")
        }
        let rest = text[scheme.upperBound...]
        switch text[..<scheme.lowerBound] {
        case "redis": return try tcp(rest)
        case "unix": return try unix(rest)
        case "rediss":
            throw Mistake(
                description:
                    "rediss:// can't be used: the client library of Debian 12 has no TLS. Let stunnel listen on"
                    + " this machine, and name its port with redis://")
        default: throw Mistake(description: "it must begin with redis:// or unix://")
        }
    }
    private static func tcp(_ text: Substring) throws(Mistake) -> RedisAddress {
        var rest = text
        let (user, password) = try signIn(&rest)
        var database = 0
        if let slash = rest.firstIndex(of: "/") {
            let number = rest[rest.index(after: slash)...]
            if !number.isEmpty { database = try self.database(number) }
            rest = rest[..<slash]
        }
        let bare = rest.last == "]" || !rest.contains(":")
        guard let endpoint = Endpoint(parsing: bare ? "\(rest):\(usualPort)" : String(rest)), endpoint.port > 0 else {
            throw Mistake(
                // A text without an @ may be a password.
                description: "it has no host, or one that can't be asked (an IPv6 address needs brackets)")
        }
        return RedisAddress(.tcp(endpoint), database: database, user: user, password: password)
    }
    private static func unix(_ text: Substring) throws(Mistake) -> RedisAddress {
        var rest = text
        // A path may have an @, too.
        let (user, password) = rest.first == "/" ? (nil, nil) : try signIn(&rest)
        var database = 0
        if let question = rest.firstIndex(of: "?") {
            let query = rest[rest.index(after: question)...]
            guard query.hasPrefix("db=") else { throw Mistake(description: "after ? only db=NUMBER may stand") }
            database = try self.database(query.dropFirst(3))
            rest = rest[..<question]
        }
        guard rest.first == "/", rest.utf8.count > 1 else {
            throw Mistake(description: "unix:// needs the whole path of a socket: unix:///run/redis/redis.sock")
        }
        guard rest.utf8.count <= mostPath else { throw Mistake(description: "a socket's path has at most 107 bytes") }
        return RedisAddress(.unix(String(rest)), database: database, user: user, password: password)
    }
    private static func database(_ text: Substring) throws(Mistake) -> Int {
        guard text.utf8.allSatisfy(isDigit), text.utf8.count <= 9, let number = Int(text) else {
            throw Mistake(description: "what follows its host is no number of a database")
        }
        return number
    }
    /// Takes what stands before the last `@`.
    private static func signIn(_ rest: inout Substring) throws(Mistake) -> (user: String?, password: String?) {
        guard let at = rest.lastIndex(of: "@") else { return (nil, nil) }
        let words = rest[..<at]
        rest = rest[rest.index(after: at)...]
        guard let colon = words.firstIndex(of: ":") else {
            throw Mistake(description: "before the @ must stand :PASSWORD or USER:PASSWORD")
        }
        let (user, password) = (decoded(words[..<colon]), decoded(words[words.index(after: colon)...]))
        guard let user, let password else {
            throw Mistake(description: "% in a user or a password needs two hexadecimal digits behind it (% is %25)")
        }
        guard !password.isEmpty else { throw Mistake(description: "the password before the @ is empty") }
        return (user.isEmpty ? nil : user, password)
    }
    private static func decoded(_ text: Substring) -> String? {
        var out: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == 37 else {
                out.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                return nil
            }
            out.append(high << 4 | low)
        }
        return String(validating: out, as: UTF8.self)
    }

    /// The address for people. A password is masked.
    package var description: String {
        let signIn = password == nil ? "" : "\(user ?? ""):\(RedisAddress.mask)@"
        return switch place {
        case .tcp(let endpoint): "redis://\(signIn)\(endpoint)" + (database == 0 ? "" : "/\(database)")
        case .unix(let path): "unix://\(signIn)\(path)" + (database == 0 ? "" : "?db=\(database)")
        }
    }
}

extension String {
    /// The range of the first occurrence. Foundation is not linked here.
    fileprivate func firstRange(ofScheme mark: String) -> Range<String.Index>? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(mark) { return at..<index(at, offsetBy: mark.count) }
            formIndex(after: &at)
        }
        return nil
    }
}
