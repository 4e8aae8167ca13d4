import ControlLines
import Supervision
import Watch

extension Told.Addresses {
    package mutating func take(json: String, time: UInt64) {
        guard let answer = try? ControlAnswer<AddressesAnswer>(json: json) else {
            problem = "the supervisor says what can't be read"
            return
        }
        do throws(Refusal) { take(try answer.body(), time: time) } catch {
            problem = "the supervisor says: " + error.message
        }
    }
}
