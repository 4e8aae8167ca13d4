/// The scripts that run at the server, in Lua. The files in the folder beside this one are compiled in.
enum Scripts {
    static let join = text(PackageResources.join_lua)
    static let give = text(PackageResources.give_lua)
    static let append = text(PackageResources.append_lua)
    static let trim = text(PackageResources.trim_lua)
    static let keeper = text(PackageResources.keeper_lua)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// The names of the keys. There are no others.
package struct EngineKeys: Equatable, Sendable {
    /// The stream.
    package let log: String
    /// A hash: life, first, last, end, the server's run, and the number and time of each machine's newest batch; and
    /// how far machines are in giving back what another run has lost (join.lua).
    package let life: String
    /// The keeper's lease.
    package let keeper: String

    package init(_ prefix: String) {
        log = "\(prefix):log"
        life = "\(prefix):life"
        keeper = "\(prefix):keeper"
    }
}
