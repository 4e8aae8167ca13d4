import Reactor
import Stats

/// RUNDIR/stats.token: 32 hex characters that daemons and readers of reports must show.
final class TokenFile {
    private let path: String
    private(set) var token = ""

    init(path: String) { self.path = path }

    /// Makes a token, or keeps the old one, since daemons that live know it. False if it should be kept, but its file
    /// is gone.
    func prepare(keeping: Bool) throws -> Bool {
        if keeping, let old = try? Files.text(path).prefix(32), old.count == 32 {
            token = String(old)
            return true
        }
        token = "\(StatsToken(high: .random(in: .min ... .max), low: .random(in: .min ... .max)))"
        if !keeping { try keep() }
        return !keeping
    }
    /// The file was gone, and a daemon has brought its token.
    func take(_ token: String) { self.token = token }
    /// Writes the file again. A cleaner of old files may have removed it.
    func keep() throws { try Files.write(path, token + "\n", mode: 0o640) }
}
