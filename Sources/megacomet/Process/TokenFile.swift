import Reactor
import Stats

/// RUNDIR/stats.token: 32 hex characters, which daemons and readers of reports show.
final class TokenFile {
    private let path: String
    private(set) var token = ""

    init(path: String) { self.path = path }

    /// Daemons that live know the old token: it is kept for them. False: it should be kept, and its file is gone.
    func prepare(keeping: Bool) throws -> Bool {
        if keeping, let old = try? Files.text(path).prefix(32), old.count == 32 {
            token = String(old)
            return true
        }
        token = "\(StatsToken(high: .random(in: .min ... .max), low: .random(in: .min ... .max)))"
        if !keeping { try keep() }
        return !keeping
    }
    /// The file was gone, and a daemon has brought what stood in it.
    func take(_ token: String) { self.token = token }
    /// The file from which daemons take the token stands as it should: a cleaner of old files may have taken it.
    func keep() throws { try Files.write(path, token + "\n", mode: 0o640) }
}
