import Glibc
import Watch

extension Source {
    /// This machine's appliance.
    static func server(_ options: Options) -> Model.Server {
        var server = Model.Server()
        var name = utsname()
        if uname(&name) == 0 {
            server.host = withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            server.kernel = withUnsafeBytes(of: &name.release) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        if let name = options.name { server.host = name }
        server.runDirectory = options.runDirectory
        server.statsAddress = "\(options.hub)"
        server.policy = options.policy
        return server
    }
}
