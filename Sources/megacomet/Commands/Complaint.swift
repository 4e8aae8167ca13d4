import ArgumentParser
import Configuration
import Glibc

func complain(_ text: String) { sayError("megacomet: \(text)") }
/// Says who is permitted. The result is the exit code.
func complaint(_ denied: PermissionDenied) -> ExitCode {
    complain("\(denied)")
    return ExitCode(PermissionDenied.exitCode)
}
/// Writes to standard error. Foundation's handle would end the program if nobody reads any more.
func sayError(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
