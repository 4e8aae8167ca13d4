import Base
import Reactor
import Supervision
import Wire

/// Asks all workers over their lifelines which addresses are busiest, and joins what they tell. Who asks meanwhile gets
/// the same answer. A worker that says nothing for a second is left out.
final class AddressQuestion {
    private static let patienceSeconds = 1.0
    /// Lines of one worker that are taken.
    private static let mostLines = Limits.toldAddresses

    private var told: [BusyAddress] = []
    /// The workers that have not told all, and how many lines they have told.
    private var awaited: [String: Int] = [:]
    private var askers: [(AddressesAnswer) -> Void] = []
    private var timer: Reactor.Timer?
    private var counted = false

    /// `done` is called when the workers have answered.
    func ask(_ workers: [Child], counted: Bool, _ loop: Loop, done: @escaping (AddressesAnswer) -> Void) {
        askers.append(done)
        guard askers.count == 1 else { return }
        self.counted = counted
        for worker in workers where worker.lifeline?.send("addresses\n") == true { awaited[worker.who] = 0 }
        let timer = Timer(loop) { [unowned self] in finish() }
        timer.start(after: awaited.isEmpty ? 0 : AddressQuestion.patienceSeconds)
        self.timer = timer
    }
    /// A worker said this line. False if it is no answer to the question.
    func took(_ line: String, _ worker: Child) -> Bool {
        if line == "addresses told" {
            if awaited.removeValue(forKey: worker.who) != nil, awaited.isEmpty { finish() }
            return true
        }
        guard let busy = BusyAddress(line: line) else { return false }
        if let lines = awaited[worker.who], lines < AddressQuestion.mostLines {
            awaited[worker.who] = lines + 1
            told.append(busy)
        }
        return true
    }
    private func finish() {
        let answer = AddressesAnswer(
            told: told, silent: awaited.keys.sorted(), counted: counted, most: AddressQuestion.mostLines)
        let asked = askers
        (told, awaited, askers) = ([], [:], [])
        timer?.stop()
        for done in asked { done(answer) }
    }
}

extension Child {
    /// The process, also if two copies of a worker live.
    fileprivate var who: String { "\(copy.name) pid \(pid)" }
}
