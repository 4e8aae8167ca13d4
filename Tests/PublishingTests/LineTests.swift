import Base
import Comet
import TestSupport
import Testing
import Wire

@testable import Publishing

@Suite struct LineTests {
    @Test func aLine_isAnsweredByALine() {
        let app = App()
        app.poll("c1")
        #expect(
            app.send("{\"client\":\"c1\",\"message\":\"hi\"}\n{\"client\":\"c1\",\"message\":2}\r\n\n")
                == "{\"id\":1000000,\"status\":\"sent\"}\n{\"id\":1000001,\"status\":\"queued\"}\n")
        #expect(app.delivered() == ["\"hi\""])
        #expect(!app.isClosing)
    }

    @Test func aBadLine_getsAnErrorLine_andTheConnectionGoesOn() {
        let app = App()
        let answers = app.send(
            "{}\n{\"client\":\"c1\",\"message\":}\nnonsense\n[]\n{\"client\":\"c1\",\"message\":1}\n"
        ).split(separator: "\n")
        #expect(answers.count == 5)
        #expect(answers[0].contains("bad_client"))
        #expect(answers[1].contains("\"offset\":25"))
        #expect(answers[2].contains("bad_json"))
        #expect(answers[3].contains("bad_publish"))
        #expect(answers[4] == #"{"id":1000000,"status":"queued"}"#)
        #expect(answers.allSatisfy { JSONScanner.isValid(String($0)) })
    }

    @Test(arguments: [("", Limits.batchBytes), ("sesame", 65_536 + Limits.publishBytes)])
    func anOverlongLine_isSkippedWithBoundedMemory(_ key: String, _ most: Int) {
        let app = App(key: key)
        _ = app.send("{\"client\":\"c1\",\"message\":\"")
        var answer = ""
        for _ in 0..<most / 10_000 + 10 {
            answer += app.send(String(repeating: "x", count: 10_000))
            #expect(app.inputBytes <= most + 10_000)
        }
        answer += app.send("\"}\n{\"key\":\"sesame\"}\n{\"client\":\"c1\",\"message\":1}\n")
        #expect(
            answer
                == "{\"error\":{\"code\":\"too_large\",\"message\":\"the line is longer than any publish\"}}"
                + "\n{\"id\":1000000,\"status\":\"queued\"}\n"
        )
    }

    @Test func aMessageOf64KiB_fits_andOneMoreByteDoesNot() {
        let app = App()
        let text = String(repeating: "x", count: 65_534)
        #expect(app.send("{\"client\":\"c1\",\"message\":\"\(text)\"}\n").contains("queued"))
        #expect(app.send("{\"client\":\"c1\",\"message\":\"\(text)x\"}\n").contains("too_large"))
        #expect(app.send("{\"client\":\"c1\",\"message\":1}\n").contains("queued"))
    }

    @Test func theKey_comesFirst() {
        let app = App(key: "sesame")
        #expect(app.send("{\"key\":\"sesame\"}\n") == "")
        #expect(app.send("{\"client\":\"c1\",\"message\":1}\n").contains("queued"))
        for first in ["{\"key\":\"wrong!\"}\n", "{\"client\":\"c1\",\"message\":1}\n", "{\"key\":7}\n", "{nonsense\n"] {
            app.connect()
            #expect(
                app.send(first + "{\"client\":\"c1\",\"message\":1}\n")
                    == "{\"error\":{\"code\":\"unauthorized\",\"message\":\"the app key is missing or wrong\"}}\n")
            #expect(app.isClosing)
        }
        let open = App()
        #expect(open.send("{\"key\":\"any\"}\n{\"client\":\"c1\",\"message\":1}\n").contains("queued"))
    }

    @Test func lines_areTheSameHoweverTheyArrive() {
        let lines =
            "{\"client\":\"c1\",\"message\":{\"a\":\"é\"}}\n  \nnope\n{\"client\":\"c2\",\"message\":[1,2,3],\"ttl\":5}"
            + "\n{\"client\":\"c.\",\"message\":1}\n"
        let whole = App().send(lines)
        #expect(App().byteByByte(lines) == whole)
        for cut in 1..<lines.utf8.count {
            let app = App()
            #expect(app.send(Array(lines.utf8.prefix(cut))) + app.send(Array(lines.utf8.dropFirst(cut))) == whole)
        }
    }

    @Test func tooMuchHalfSent_skipsTheLine() {
        let app = App()
        let half = Array("{\"client\":\"c1\",".utf8)
        app.port.inputBytes = Limits.appInputBytes
        app.receive(half)
        #expect(app.inputBytes == 0)
        #expect(
            app.send("\"message\":1}\n{\"client\":\"c1\",\"message\":1}\n")
                == "{\"error\":{\"code\":\"busy\",\"message\":\"too much is being sent at once: try again later\"}}"
                + "\n{\"id\":1000000,\"status\":\"queued\"}\n"
        )
    }

    @Test func fullQueue_isAnErrorLine() {
        let app = App { $0.maxMessages = 1 }
        let answers = app.send("{\"client\":\"c1\",\"message\":1}\n{\"client\":\"c1\",\"message\":2}\n").split(
            separator: "\n")
        #expect(answers[1].contains("queue_full"))
    }

    /// simdjson and our own scanner agree on every text whether it is JSON, and no input ends the process.
    @Test func mutatedPublishes_areSurvived_andBothParsersAgree() {
        let app = App { $0.maxMessages = 100 }
        let seeds: [String] = [
            #"{"client":"c1","message":{"a":[1,-2.5e3,true,null,"x\n\u00e9"]},"ttl":60}"#,
            #"{"client":"c\u0031","message":"é€😀"}"#,
            #"{"message":[[[[]]]],"client":"x","x":{"y":{}}}"#, #"{"client":"c1","message":"\ud83d\ude00\\\""}"#,
            #"{"client":"c","message":0}"#, #"{"channel":"r:1","message":[1],"except":"c1","once":"o","latest":"l"}"#,
            #"{"clients":["a","b:2"],"message":{},"keep":false}"#, #"{"everyone":true,"message":"x","ttl":5}"#,
            #"{"op":"subscribe","channels":["r:1","r:2"],"clients":["a","b\u0031"],"history":50}"#,
            #"{"op":"unsubscribe","channel":"r:1","client":"a"}"#, #"{"op":"disconnect","user":"b","revoke":false}"#,
        ]
        var random = SeededRandom(99)
        for _ in 0..<60_000 {
            var bytes = Array(seeds[random.below(seeds.count)].utf8)
            for _ in 0..<1 + random.below(3) {
                let at = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[at] = UInt8(random.below(256))
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(Array("\"\\{}[],:0e-. u".utf8)[random.below(14)], at: at)
                default: bytes.swapAt(at, random.below(bytes.count))
                }
                if bytes.isEmpty { bytes = [32] }
            }
            let padded = bytes + Array(repeating: 32, count: AppDocument.padding)
            let (accepted, fault) = padded.withUnsafeBytes { raw in
                let document = UnsafeRawBufferPointer(rebasing: raw[..<bytes.count])
                let shape = app.port.document.parse(document)
                while let item = app.port.document.next(of: document, op: nil, maxMessage: 1000) {
                    if !isSound(item) { Issue.record("passed on no JSON, or no name: \(bytes)") }
                }
                return (shape != .invalid, JSONScanner.fault(in: document))
            }
            if accepted != (fault == nil) {
                let text = String(decoding: bytes, as: UTF8.self)
                Issue.record("simdjson \(accepted), scanner \(String(describing: fault)): \(text)")
                return
            }
            if !bytes.contains(10) { _ = app.send(bytes + [10]) }
        }
    }
}

/// What an item hands on is JSON, and names that are names.
private func isSound(_ item: AppDocument.Item) -> Bool {
    func areNames(_ names: [UnsafeRawBufferPointer], _ most: Int) -> Bool {
        (1...most).contains(names.count) && names.allSatisfy { wrongClientId($0) == nil }
    }
    switch item {
    case .publish(let client, let json, _): return areNames([client], 1) && JSONScanner.fault(in: json) == nil
    case .publishTo(let target, let json, let options):
        guard JSONScanner.fault(in: json) == nil, options.except.map({ areNames([$0], 1) }) ?? true else {
            return false
        }
        return switch target {
        case .client(let name), .user(let name), .channel(let name): areNames([name], 1)
        case .clients(let names): areNames(names, Limits.publishClients)
        case .channels(let names): areNames(names, Limits.publishChannels)
        case .everyone: true
        }
    case .subscribe(let clients, let channels, let history):
        return areNames(clients.names, Limits.publishClients) && areNames(channels, Limits.publishChannels)
            && (0...Limits.historyMessages).contains(history)
    case .unsubscribe(let clients, let channels):
        return areNames(clients.names, Limits.publishClients) && areNames(channels, Limits.publishChannels)
    case .disconnectClient(let name, _), .disconnectUser(let name, _): return areNames([name], 1)
    case .follow(let name, _): return areNames([name], 1)
    case .events, .seen, .hello, .wrong: return true
    }
}
