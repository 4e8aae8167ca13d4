import Glibc
import Reactor

/// Runs the new program's `check`: as a first proof, it must be able to read the configuration.
final class UpgradeCheck {
    private var run: ProgramRun?
    var pid: Int32? { run?.pid }
    private var patience: Reactor.Timer?
    private var lines: [String] = []

    /// `done` is called with `nil` if all is well, otherwise with the reason.
    init(
        _ loop: Loop, _ path: String, _ configuration: ConfigurationSource, seconds: Double,
        done: @escaping (String?) -> Void
    ) throws {
        let program = ChildProgram(
            path: path, arguments: ["check", "--quiet"] + configuration.flags, environment: Programs.environment)
        let run = try ProgramRun(loop, program, said: { [unowned self] in if lines.count < 20 { lines.append($0) } }) {
            [unowned self] exit in
            let how = exit.code.map { "exit \($0)" } ?? "signal \(exit.signal ?? 0)"
            done(exit.code == 0 ? nil : (["\(path) check: \(how)"] + lines).joined(separator: "; "))
        }
        self.run = run
        patience = Timer(loop) { Processes.signal(run.pid, SIGKILL) }
        patience?.start(after: seconds)
    }
}
