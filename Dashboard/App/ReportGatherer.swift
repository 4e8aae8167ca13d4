import Glibc
import Reactor
import Supervision
import Watch

/// Asks what a report needs, one question after the other, and reads the machine's own facts. The answers go into the
/// source's model, as those for the screens do. What has not come in time is missing in the report.
final class ReportGatherer {
    private static let patienceSeconds = 10.0
    private static let retrySeconds = 0.1
    private static let mostFileBytes = 64 << 10

    private(set) var isOver = false
    private let source: Source
    private let done: (ReportPage.Gathered) -> Void
    private var gathered = ReportPage.Gathered()
    private var questions: [Question]
    private var knowsCrashes = false
    private var retry: Timer?
    private var deadline: Timer?

    /// `done` is called once, after this has returned.
    init(_ loop: Loop, _ source: Source, configuration: String?, done: @escaping (ReportPage.Gathered) -> Void) {
        self.source = source
        self.done = done
        gathered.configuration = configuration
        questions =
            source.isReplay
            ? [] : [.status, .doctor, .crashes, .clients, .channels, .apps] + source.model.ordered.map { .log($0.id) }
        if source.isReplay {
            gathered.problem = "the recording has no answer"
        } else {
            gathered.machine = machineFacts()
        }
        retry = Timer(loop) { [unowned self] in next() }
        deadline = Timer(loop) { [unowned self] in end("no answer within \(Int(Self.patienceSeconds)) s") }
        retry?.start(after: 0)
        deadline?.start(after: Self.patienceSeconds)
    }

    private func next() {
        if questions.isEmpty, !knowsCrashes {
            // Only now it is known which reports there are.
            knowsCrashes = true
            questions = ReportPage.newestCrashes(source.model).filter { $0.lines == nil }.map { .crash($0.id) }
        }
        guard let question = questions.first else { return end("") }
        // A late answer may come when this is gone.
        let isAsked = source.ask(question, every: 0) { [weak self] answer in
            guard let self, !isOver else { return }
            if case .status = question { gathered.status = answer }
            if answer == nil, question.target == nil { gathered.problem = "no supervisor answers" }
            retry?.start(after: 0)
        }
        // A screen may have asked the same just now.
        if isAsked { questions.removeFirst() } else { retry?.start(after: Self.retrySeconds) }
    }
    private func end(_ problem: String) {
        isOver = true
        retry?.stop()
        deadline?.stop()
        if !problem.isEmpty { gathered.problem = problem }
        done(gathered)
    }

    private func machineFacts() -> [(path: String, contents: Result<String, ReportPage.Missing>)] {
        let names = [
            "version", "uptime", "loadavg", "meminfo", "pressure/cpu", "pressure/memory", "pressure/io",
            "net/sockstat", "net/sockstat6", "net/snmp", "net/netstat", "sys/fs/file-nr", "sys/net/ipv4/tcp_mem",
            "sys/net/core/somaxconn", "sys/net/core/rmem_max", "sys/net/ipv4/ip_local_port_range", "self/cgroup",
        ]
        var paths = ["/etc/os-release"] + names.map { "/proc/" + $0 }
        let pids = [source.model.supervisor.pid] + source.model.ordered.map(\.pid)
        for pid in pids where pid > 0 { paths += ["/proc/\(pid)/status", "/proc/\(pid)/limits"] }
        return paths.map { path in
            do throws(SystemError) {
                return (path, .success(try Files.text(path, most: Self.mostFileBytes)))
            } catch {
                return (path, .failure(ReportPage.Missing(reason: String(cString: strerror(error.code)))))
            }
        }
    }
}
