import ConfigurationFile
import Foundation
import Reactor
import Stats
import Supervision

extension Supervisor {
    /// Daemons that live know the old token: it is kept for them. False: it should be kept, and its file is gone.
    func prepareToken(keeping: Bool) throws -> Bool {
        if keeping, let old = try? RunFolder.read(folder.token).prefix(32), old.count == 32 {
            token = String(old)
            return true
        } else {
            token = (0..<4).map { _ in UInt32.random(in: .min ... .max) }.map {
                String(repeating: "0", count: 8 - String($0, radix: 16).count) + String($0, radix: 16)
            }.joined()
            if !keeping { try keepToken() }
            return !keeping
        }
    }
    /// The file from which daemons take the token stands as it should: a cleaner of old files may have taken it.
    func keepToken() throws { try RunFolder.write(folder.token, token + "\n", mode: 0o640) }
    /// Who is to be found again after the death of this supervisor, and what the operator wished.
    func saveChildren() {
        let wishes = fleet.names.map { fleet[$0]?.desired == .down }
        guard childrenFileIsOld || wishes != savedWishes else { return }
        childrenFileIsOld = false
        savedWishes = wishes
        var text = ""
        for name in fleet.names {
            guard let slot = fleet[name] else { continue }
            let living = slot.copies.compactMap { copy in children[CopyName(name, copy.generation)] }
            let records = living.isEmpty ? [(Int32(0), slot.generation)] : living.map { ($0.pid, $0.copy.generation) }
            for (pid, generation) in records {
                let start = pid > 0 ? ProcessTable.startTime(pid) ?? 0 : 0
                text +=
                    "{\"name\":\"\(name)\",\"pid\":\(pid),\"start\":\(start),\"generation\":\(generation),"
                    + "\"desired\":\"\(slot.desired.rawValue)\"}\n"
            }
        }
        do {
            try RunFolder.write(folder.children, text, mode: 0o640)
            childrenFailure = nil
        } catch {
            childrenFileIsOld = true  // the next beat writes it
            if childrenFailure != "\(error)" {
                tell(.warning, "CHILDREN", "not written, and tried again each second: \(error)")
            }
            childrenFailure = "\(error)"
        }
    }
}
