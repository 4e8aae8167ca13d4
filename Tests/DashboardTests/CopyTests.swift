import Dashboard
import Supervision
import Testing
import Watch

/// The chosen row on its way to the terminal's clipboard.
struct CopyTests {
    private func copied(_ change: (inout Session) -> Void) -> (name: String, text: String)? {
        var session = Session()
        change(&session)
        let effects = KeyHandler(Samples.shown, Size(120, 40)).handle(.character("C"), &session)
        guard case .copy(let name, let text)? = effects.first, effects.count == 1 else {
            #expect(session.toast != nil)
            return nil
        }
        return (name, text)
    }

    @Test func row_hasEveryValueWithItsName() throws {
        let row = try #require(copied { $0.cursor = .process(.worker(5)) })
        #expect(row.name == "w5")
        #expect(row.text.hasPrefix("push1 2026-11-23T14:02:31Z id=w5 state=BACKOFF pid=- up="))
        #expect(row.text.contains(" conns=- "))
        let other = try #require(
            copied {
                $0.screen = .queues
                $0.cursor = .process(.worker(1))
            })
        #expect(other.text.contains(" depth=4474 "))
    }
    @Test func detailOfAProcess_isItsRow() {
        #expect(copied { $0.overlay = .detail(.worker(2), .output(back: 0)) }?.name == "w2")
    }
    @Test func event_isWhole() {
        let event = copied { $0.screen = .events }
        #expect(
            event?.text == "push1 2026-11-23T14:02:30.000Z W w7 SUSPECT pid 2117 no report for 3.4s (limit 3.0s), "
                + "last loop lag 2ms")
    }
    @Test func counterOfTheHost_hasItsLimit() {
        let counter = copied {
            $0.screen = .host
            $0.cursor = .line(3)
        }
        #expect(counter?.text == "push1 2026-11-23T14:02:31Z tcp memory (pages): 11904, limit 1048576")
    }
    /// The help does not know the key, and the list of clients has none to copy.
    @Test func elsewhere_itSaysThatThereIsNothing() {
        #expect(copied { $0.overlay = .clients(chosen: nil) } == nil)
        #expect(copied { $0.overlay = .addresses(from: 0) } == nil)
    }

    @Test func sequence_isThatOfXterm() {
        #expect(Clipboard.sequence("hello\nyou") == Array("\u{1B}]52;c;aGVsbG9cbnlvdQ==\u{07}".utf8))
        #expect(Clipboard.sequence("") == Array("\u{1B}]52;c;\u{07}".utf8))
    }
    @Test func longText_isCutBehindAWholeCharacter() {
        for (text, bytes) in [
            (String(repeating: "x", count: 100_000), Clipboard.mostTextBytes),
            ("xx" + String(repeating: "€", count: 10_000), (Clipboard.mostTextBytes - 2) / 3 * 3 + 2),
        ] {
            let sequence = Clipboard.sequence(text)
            #expect(sequence.count <= Clipboard.mostBytes)
            #expect(sequence.count == 7 + (bytes + 2) / 3 * 4 + 1)
        }
    }
}
