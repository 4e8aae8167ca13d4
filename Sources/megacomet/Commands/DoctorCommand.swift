import ArgumentParser
import Configuration
import Foundation

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks the kernel's settings and limits for the configured number of connections: have, want, why.",
        discussion: "Exit code 0: all is enough; 1: something would limit or hurt.")
    @Flag(help: "Print a file for /etc/sysctl.d with what this machine has too little of.") var sysctl = false
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let settings = try config.settings()
        let memory = ProcessInfo.processInfo.physicalMemory
        guard !sysctl else { return print(Doctor.sysctlFile(settings, memoryBytes: memory, read: DoctorCommand.read), terminator: "") }
        let findings = Doctor.examine(settings, memoryBytes: memory, read: DoctorCommand.read)
        func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
        print(pad("", 7) + pad("SETTING", 34) + pad("HAVE", 24) + pad("WANT", 24) + "WHY")
        for finding in findings {
            let sign = switch finding.check.rule {
            case .atLeast: ">= "
            case .atMost: "<= "
            case .exactly: ""
            }
            let want = sign + finding.check.want.map(String.init).joined(separator: " ")
            print(pad(finding.verdict.rawValue, 7) + pad(finding.check.name, 34) + pad(finding.have ?? "-", 24) + pad(want, 24) + finding.check.why)
        }
        let low = findings.count { $0.verdict == .low }
        print(low == 0 ? "all is enough" : "\(low) of \(findings.count) would limit or hurt; `megacomet doctor --sysctl` prints what to set")
        if low > 0 { throw ExitCode(1) }
    }

    /// The limit of open files is the hard one: each worker raises its own to that.
    private static func read(_ name: String) -> String? {
        switch name {
        case "memory": return "\(ProcessInfo.processInfo.physicalMemory)"
        case "nofile":
            guard let text = try? RunFolder.read("/proc/self/limits"), let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") })
            else { return nil }
            let words = line.split(separator: " ")
            return words.count > 4 ? String(words[4]) : nil
        default: return try? RunFolder.read(name)
        }
    }
}
