import Base
import Comet
import TestSupport
import Testing
import Wire

@testable import Publishing

/// Publishes to several, subscriptions, and the answers about channels.
@Suite struct ChannelTests {
    /// c1 and c2 of user 42 and c3 subscribe to the room, and c1 waits.
    private func room() -> App {
        let app = App()
        let subscribe = #"{"channel":"room:7","clients":["42:c1","42:c2","c3"]}"#
        let got = answer(app.send(App.post(subscribe, path: "/subscribe")))
        #expect(got.status == 200)
        #expect(got.body.hasPrefix(#"{"status":"subscribed","subscribers":3,"cursor":"#), "\(got.body)")
        app.poll("42:c1")
        return app
    }
    private func publish(_ app: App, _ object: String) -> (status: Int, body: String) {
        answer(app.send(App.post(object)))
    }

    @Test func severalAreTold_andTheAnswerCountsThem() {
        let app = room()
        for (target, outcome) in [
            (#""channel":"room:7""#, #""status":"sent","sent":1,"waiting":2}"#),
            (#""channels":["room:7","none"]"#, #""status":"sent","sent":1,"waiting":2}"#),
            (#""clients":["42:c1","x"]"#, #""status":"sent","sent":1,"waiting":1}"#),
            (#""user":"42""#, #""status":"sent","sent":1,"waiting":0}"#),  // c2 was never there
            (#""channel":"room:7","except":"c3""#, #""status":"sent","sent":1,"waiting":1}"#),
            (#""channel":"room:7","keep":false"#, #""status":"sent","sent":1,"waiting":2}"#),
            (#""clients":["x","y"],"user":null"#, #""status":"queued","sent":0,"waiting":2}"#),
        ] {
            let got = publish(app, #"{\#(target),"message":1}"#)
            #expect(got.status == (outcome.contains("queued") ? 202 : 200))
            #expect(got.body.hasPrefix(#"{"id":10000"#) && got.body.hasSuffix(outcome), "\(target): \(got)")
            let line = app.send(App.post("{\(target),\"message\":1}\n", "Content-Type: application/x-ndjson\r\n"))
            #expect(answer(line).body.hasSuffix(outcome + "]"), "\(target): \(line)")
        }
        let everyone = publish(app, #"{"everyone":true,"message":1}"#)
        #expect(everyone.status == 200 && everyone.body.contains(#""status":"sent","sent":1,"#), "\(everyone)")
    }
    @Test func nobody_isNoError() {
        let app = App()
        for object in [
            #"{"channel":"r","message":1}"#, #"{"client":"c","message":1,"keep":false}"#,
            #"{"clients":["c"],"message":1,"keep":false}"#, #"{"client":"c","message":1,"except":"c"}"#,
        ] {
            let got = publish(app, object)
            #expect(got.status == 200 && got.body == #"{"status":"nobody"}"#, "\(object): \(got)")
        }
    }

    /// Beside a client the other targets are ignored, as they were before there were such.
    @Test func aClientRules() {
        let app = App()
        for beside in [#""user":7"#, #""channel":"a/b","everyone":false"#, #""clients":[],"channels":"x""#] {
            let got = publish(app, #"{"client":"c1",\#(beside),"message":1}"#)
            #expect(got.status == 202 && got.body.hasSuffix(#","status":"queued"}"#), "\(beside): \(got)")
        }
        // A receipt is not known yet, and null is as good as nothing.
        let got = publish(app, #"{"client":"c1","message":null,"receipt":true,"ttl":null,"once":null,"keep":true}"#)
        #expect(got.status == 202)
        #expect(app.queued == 4)
    }

    @Test func once_givesTheFirstOutcomeAgain() {
        let app = App()
        let lines = [
            #"{"channel":"r","message":1,"once":"a"}"#, #"{"channel":"r","message":1,"once":"a"}"#,
            #"{"client":"c","message":[1],"once":"b"}"#, #"{"client":"c","message":[1],"once":"b"}"#,
            #"{"client":"d","message":[1],"once":"b"}"#,
        ]
        let answers = app.send(lines.joined(separator: "\n") + "\n").split(separator: "\n")
        #expect(answers[0] == #"{"status":"nobody"}"# && answers[1] == #"{"status":"nobody","again":true}"#)
        #expect(answers[2].hasSuffix(#""status":"queued"}"#))
        #expect(answers[3] == answers[2].dropLast() + #","again":true}"#)
        #expect(answers[4].hasPrefix(#"{"error":{"code":"once""#))
    }

    @Test func onALine_theOpIsAField_andOnlyThatProvesTheApp() {
        let app = App()
        #expect(
            app.send(#"{"op":"subscribe","channels":["a","b"],"client":"c1","history":50}"# + "\n")
                == #"{"status":"subscribed","subscribers":1,"cursor":999999}"# + "\n")
        #expect(app.isTrusted)
        app.poll("c1")
        let answers = app.send(
            [
                #"{"op":"publish","channel":"b","message":{"n":1}}"#,
                #"{"op":"unsubscribe","channels":["a","b"],"clients":["c1","c2"]}"#,
                #"{"op":"disconnect","client":"c1","revoke":false}"#, #"{"op":"disconnect","user":"nobody"}"#,
            ].joined(separator: "\n") + "\n"
        ).split(separator: "\n")
        #expect(
            answers == [
                #"{"id":1000000,"status":"sent","sent":1,"waiting":0}"#,
                #"{"status":"unsubscribed","subscribers":0,"cursor":1000000}"#,
                #"{"status":"disconnected","clients":1}"#, #"{"status":"disconnected","clients":0}"#,
            ])
        #expect(app.board.subscriptionCount == 0)
    }
    @Test func aBatchOfSubscriptions_isAnsweredInOrder() {
        let app = App()
        let batch = #"[{"channel":"r","client":"a"},{"client":"b"},{"channel":"r","clients":["b","c"]}]"#
        let got = answer(app.send(App.post(batch, path: "/subscribe")))
        let (first, last) = (#"{"status":"subscribed","subscribers":1,"#, #"{"status":"subscribed","subscribers":3,"#)
        #expect(got.body.hasPrefix("[" + first) && got.body.contains(#""index":1}},"# + last), "\(got.body)")
        let out = answer(app.send(App.post(#"{"channel":"r","client":"a"}"#, path: "/unsubscribe")))
        #expect(out.body.hasPrefix(#"{"status":"unsubscribed","subscribers":2,"#))
    }
    @Test func tenThousandClients_fitIntoALine() {
        let app = App()
        let names = (0..<Limits.publishClients).map { "\"client-with-a-long-name-\($0)\"" }.joined(separator: ",")
        let answers = app.send(
            #"{"op":"subscribe","channel":"r","clients":[\#(names)]}"# + "\n"
                + #"{"clients":[\#(names)],"message":1}"# + "\n"
        ).split(separator: "\n")
        #expect(answers[0].hasPrefix(#"{"status":"subscribed","subscribers":10000,"#))
        #expect(answers[1].hasSuffix(#""status":"queued","sent":0,"waiting":10000}"#))
    }

    // MARK: looks

    @Test func aChannel_isShown() {
        let app = room()
        _ = publish(app, #"{"channel":"room:7","message":{"n":1}}"#)
        _ = publish(app, #"{"channel":"room:7","message":"two"}"#)
        func ask(_ path: String) -> (status: Int, body: String) { answer(app.send(App.get("/channels/" + path))) }
        let counts = #"{"channel":"room:7","subscribers":3,"connected":1,"users":2,"clients":["#
        let all = ask("room%3A7?history=50")
        #expect(all.body.hasPrefix(counts) && JSONScanner.isValid(all.body), "\(all)")
        #expect(all.body.contains(#"{"client":"42:c1","connected":true}"#))
        #expect(all.body.contains(#"{"client":"c3","connected":false}"#))
        let kept = #""kept":2,"bytes":12,"oldest_seconds":0"#
        let messages = #"{"id":1000000,"data":{"n":1}},{"id":1000001,"data":"two"}"#
        #expect(all.body.hasSuffix(#"],"more":0,"messages":[\#(messages)],"cursor":1000001,\#(kept)}"#), "\(all)")
        let one = ask("room:7?most=1&history=1").body
        #expect(
            one.hasSuffix(#"],"more":2,"messages":[{"id":1000001,"data":"two"}],"cursor":1000001,\#(kept)}"#), "\(one)")
        #expect(ask("room:7").body.hasSuffix(#""messages":[],"cursor":1000001,\#(kept)}"#))
        // Nobody has to make a channel, so one that nobody reads is no mistake.
        let none = ask("none")
        let zeros =
            #""subscribers":0,"connected":0,"users":0,"clients":[],"more":0,"messages":[],"cursor":1000001,"kept":0,"#
            + #""bytes":0,"oldest_seconds":null}"#
        #expect(none.status == 200 && none.body == #"{"channel":"none","# + zeros)
        for (path, code) in [
            ("a/b", "bad_channel"), ("%zz", "bad_channel"), ("%ff", "bad_channel"), ("r?history=1001", "bad_history"),
            ("r?history=-1", "bad_history"), ("r?most=0", "bad_most"), ("r?most=101", "bad_most"),
        ] {
            let got = ask(path)
            #expect(got.status == 400 && got.body.contains(code), "\(path): \(got)")
        }
    }
    /// Messages that are not asked for in vain: an answer has so many of the newest as there is room for.
    @Test func theMessagesOfAnAnswer_areBounded() {
        let app = App()
        _ = app.send(App.post(#"{"channel":"r","client":"c"}"#, path: "/subscribe"))
        let data = String(repeating: "x", count: 60_000)
        for number in 0..<100 { _ = publish(app, #"{"channel":"r","message":"\#(number)\#(data)"}"#) }
        let got = answer(app.send(App.get("/channels/r?history=1000"))).body
        #expect(got.utf8.count < Limits.channelAnswerBytes + 1000)
        #expect(got.components(of: "\"data\":").count == Limits.channelAnswerBytes / 60_040 + 1)
        #expect(got.contains("\"99x"))
    }
    @Test func theChannelsWithMostSubscribers_comeFirst() {
        let app = room()
        _ = app.send(App.post(#"{"channel":"b","client":"c3"}"#, path: "/subscribe"))
        _ = publish(app, #"{"channel":"b","message":[1,2]}"#)
        let first = #"{"channel":"room:7","subscribers":3,"connected":1,"messages":0,"bytes":0}"#
        let second = #"{"channel":"b","subscribers":1,"connected":0,"messages":1,"bytes":5}"#
        func ask(_ query: String) -> String { answer(app.send(App.get("/channels" + query))).body }
        #expect(ask("") == #"{"channels":[\#(first),\#(second)],"count":2,"subscriptions":4}"#, "\(ask(""))")
        #expect(ask("?most=1") == #"{"channels":[\#(first)],"count":2,"subscriptions":4}"#)
        #expect(answer(app.send(App.get("/channels?most=x"))).status == 400)
        #expect(answer(app.send(App.get("/cursor"))).body == #"{"cursor":1000000}"#)
    }
    @Test func clients_areListedAsAskedFor_withTheirChannels() {
        let app = room()
        let got = answer(app.send(App.post(#"{"clients":["nobody","42:c1"]}"#, path: "/clients")))
        let nobody = #"{"client":"nobody","connected":false,"worker":null,"queued":0,"channels":[]}"#
        let one = #"{"client":"42:c1","connected":true,"worker":0,"queued":0,"channels":["room:7"]}"#
        #expect(got.status == 200 && got.body == "[\(nobody),\(one)]", "\(got)")
        // One client alone is told more about.
        #expect(answer(app.send(App.get("/clients/42:c1"))).body.hasPrefix(one.dropLast() + #","known":true,"#))
        for (body, status, code) in [
            ("{}", 400, "bad_client"), (#"{"clients":[]}"#, 400, "bad_client"),
            (#"{"clients":["a/b"]}"#, 400, "bad_client"), ("[]", 400, "bad_request"), ("{", 400, "bad_json"),
            (#"{"clients":["a"],"clients":["b"]}"#, 400, "bad_request"),
        ] {
            let got = answer(app.send(App.post(body, path: "/clients")))
            #expect(got.status == status && got.body.contains(code), "\(body): \(got)")
        }
    }
}
