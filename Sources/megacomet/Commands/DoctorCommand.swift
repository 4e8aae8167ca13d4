import ArgumentParser
import Base
import Configuration

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks the kernel's settings and limits for the configured number of connections: have, want, why.",
        discussion: "Exit code 0: everything is enough. 1: something would limit or hurt.")
    @Flag(help: "Print a file for /etc/sysctl.d with the settings that are too low.") var sysctl = false
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let settings = try config.settings()
        guard !sysctl else { return print(Machine.sysctlFile(settings), terminator: "") }
        let rows = Machine.examine(settings)
        func pad(_ text: String, _ width: Int) -> String {
            text.leftAligned(width - 1) + " "
        }
        print(pad("", 7) + pad("SETTING", 34) + pad("HAVE", 24) + pad("WANT", 24) + "WHY")
        for row in rows {
            let verdict = row.have == nil ? "absent" : row.enough ? "ok" : "low"
            print(pad(verdict, 7) + pad(row.name, 34) + pad(row.have ?? "-", 24) + pad(row.want, 24) + row.why)
        }
        let low = rows.count { !$0.enough }
        print(
            low == 0
                ? "all is enough"
                : "\(low) of \(rows.count) would limit or hurt; `megacomet doctor --sysctl` prints what to set")
        if low > 0 { throw ExitCode(1) }
    }
}
