import TestSupport
import Testing

/// The three forms of a poll: JSONP, JSON and the seed's bare text.
struct ClientFormsTests {
    // MARK: JSONP

    @Test func jsonp_isACallOfTheCallback_withEveryHeader() throws {
        let pair = try Pair()
        let id = try #require(try pair.app.publish("c1", "hi").id)
        let response = try HTTP.request("GET", "/c1.js?callback=my.app_1$.got", port: pair.client)
        #expect(response.status == 200)
        #expect(response.body == "/**/my.app_1$.got({\"messages\":[{\"id\":\(id),\"data\":\"hi\"}],\"cursor\":\(id)});")
        #expect(response["content-type"] == "text/javascript; charset=utf-8")
        #expect(response["x-content-type-options"] == "nosniff")
        #expect(response["cache-control"] == "no-store")
        #expect(response["content-disposition"] == "attachment; filename=f.txt")
        #expect(response["cross-origin-resource-policy"] == "cross-origin")
        #expect(response["date"] == nil)
        #expect(response["server"] == nil)
    }

    @Test func jsonp_escapesWhatEndsAScript() throws {
        let pair = try Pair()
        let nasty = "{\"</script><!--\u{2028}\":\"\u{2029}<\\u003c\\\\<\",\"n\":[\"\u{2027}\u{202A}\"]}"
        try pair.app.publish("c1", json: nasty)
        let poller = pair.poller("c1", form: .jsonp)
        let envelope = try poller.poll()
        let body = envelope.response.bodyBytes
        #expect(!body.contains(UInt8(ascii: "<")))
        // U+2027 is written as it is. U+2028 and U+2029 occur nowhere.
        #expect(body.firstIndex(of: 0xE2).map { body[$0 + 2] } == 0xA7)
        #expect(!envelope.response.body.unicodeScalars.contains { $0.value == 0x2028 || $0.value == 0x2029 })
        #expect(try envelope.messages.first?.data == JSON.parse(nasty))
    }

    @Test(arguments: ["a", "$", "_", "a.b.c", "jQuery_123", "A9._$", String(repeating: "x", count: 64), "a%2Eb", "%61"])
    func goodCallback_isCalled(_ callback: String) throws {
        let pair = try Pair(worker: ["poll-timeout": "1"])
        try pair.app.publish("c1", "hi")
        let response = try HTTP.request("GET", "/c1.js?c=17&callback=\(callback)&cursor=0", port: pair.client)
        #expect(response.status == 200)
        #expect(response.body.hasPrefix("/**/\(callback.replacing("%2E", with: ".").replacing("%61", with: "a"))({"))
    }

    @Test func badCallback_is400InPlainText_andReflectedNowhere() throws {
        let pair = try Pair()
        let bad = [
            "", "1a", "a..b", ".a", "a.", "a.1", "a%20b", "alert(1)", "a%0d%0aX-Evil:%201", "%C3%A9", "a[0]", "a%00",
            "%3Cscript%3E", "a-b", "a%2", "a+b",
            String(repeating: "x", count: 65), String(repeating: "x", count: 3000), "a;b", "a'b", "a%E2%80%A8b", "if",
            "class", "this", "function.a", "%69f",
        ]
        for callback in bad {
            let response = try HTTP.request("GET", "/c1.js?callback=\(callback)", port: pair.client)
            #expect(response.status == 400, "\(callback)")
            #expect(response["content-type"]?.hasPrefix("text/plain") == true, "\(callback)")
            #expect(response["x-content-type-options"] == "nosniff")
            #expect(response["x-evil"] == nil)
            #expect(
                !response.body.contains("alert") && !response.body.contains("xxxx")
                    && !response.body.contains("<script"), "\(callback)")
        }
        #expect(try pair.app.presence("c1").connected == false)
    }

    @Test func jsonp_saysItsErrorsInBand() throws {
        let pair = try Pair()
        let poller = Poller(port: pair.client, client: String(repeating: "x", count: 129), form: .jsonp)
        let envelope = try poller.poll()
        #expect(envelope.response.status == 200)
        #expect(envelope.errorCode == "bad_client")
        let dotted = try Poller(port: pair.client, client: "a/b", form: .jsonp).poll()
        #expect(dotted.errorCode == "bad_client")
    }

    // MARK: JSON

    @Test func json_isTheEnvelope_forAnyOrigin() throws {
        let pair = try Pair()
        let id = try #require(try pair.app.publish("c1", json: "{\"a\":[1,2.50,null]}").id)
        let response = try HTTP.request(
            "GET", "/c1.json?callback=ignored&c=1", port: pair.client, ["Origin: https://page.example"])
        #expect(response.status == 200)
        #expect(response.body == "{\"messages\":[{\"id\":\(id),\"data\":{\"a\":[1,2.50,null]}}],\"cursor\":\(id)}")
        #expect(response["content-type"]?.hasPrefix("application/json") == true)
        #expect(response["access-control-allow-origin"] == "*")
        #expect(response["cache-control"] == "no-store")
        #expect(response["x-content-type-options"] == "nosniff")
        #expect(response["date"] == nil)
    }

    @Test func preflight_isAllowed() throws {
        let pair = try Pair()
        let response = try HTTP.request(
            "OPTIONS", "/c1.json", port: pair.client,
            [
                "Origin: https://page.example", "Access-Control-Request-Method: GET",
                "Access-Control-Request-Headers: x-requested-with",
            ])
        #expect(response.status == 204 || response.status == 200)
        #expect(response["access-control-allow-origin"] == "*")
        #expect(response["access-control-allow-methods"]?.contains("GET") == true)
        #expect(response["access-control-allow-headers"] != nil)
        #expect(response["allow"]?.contains("GET") == true)
        #expect(try pair.app.presence("c1").connected == false)
    }

    @Test func namedOrigins_areTheOnlyOnesThatMayRead() throws {
        let pair = try Pair(worker: ["origins": "https://good.example,https://fine.example"])
        try pair.app.publish("c1", "secret")
        let bad = try HTTP.request("GET", "/c1.json", port: pair.client, ["Origin: https://evil.example"])
        #expect(bad["access-control-allow-origin"] == nil)
        #expect(!bad.body.contains("secret"))
        let prefix = try HTTP.request(
            "GET", "/c1.json", port: pair.client, ["Origin: https://good.example.evil.example"])
        #expect(prefix["access-control-allow-origin"] == nil)
        let good = try HTTP.request("GET", "/c1.json", port: pair.client, ["Origin: https://fine.example"])
        #expect(good.status == 200)
        #expect(good["access-control-allow-origin"] == "https://fine.example")
        #expect(good["vary"]?.lowercased().contains("origin") == true)
        #expect(good.body.contains("secret"))
    }

    // MARK: bare

    @Test func bare_isTheMessagesText_oneAnAnswer() throws {
        let pair = try Pair(worker: ["poll-timeout": "1"])
        for message in ["\"two\\nlines \\u00e9\\ud83d\\ude00 \\\"q\\\"\"", "{\"a\": [1]}", "17", "null", "\"\""] {
            try pair.app.publish("c1", json: message)
        }
        let socket = try Socket(port: pair.client)
        var bodies: [String] = []
        let deadline = Deadline()
        // A poll whose time is over before the manager has answered gets nothing. The last message has no text, either.
        while bodies.count < 5, !deadline.isOver {
            let waiting = try pair.app.presence("c1").queued
            try socket.send(HTTP.text("GET", "/c1.js"))
            let response = try socket.readResponse()
            #expect(response.status == 200)
            if try !response.body.isEmpty || pair.app.presence("c1").queued < waiting { bodies.append(response.body) }
        }
        #expect(bodies == ["two\nlines é😀 \"q\"", "{\"a\": [1]}", "17", "null", ""])
        #expect(try pair.app.presence("c1").queued == 0)
        try socket.send(HTTP.text("GET", "/c1.js"))
        let last = try socket.readResponse()
        #expect(last.status == 200)
        #expect(last.body.isEmpty)
    }

    @Test(arguments: [Poller.Form.json, .jsonp])
    func heldPoll_getsTheMessageAtOnce(_ form: Poller.Form) throws {
        let pair = try Pair()
        let poller = try pair.held("c1", form: form)
        let receipt = try pair.app.publish("c1", "now")
        #expect(receipt.status == "sent")
        let envelope = try poller.finish()
        #expect(envelope.texts == ["now"])
        #expect(envelope.cursor == receipt.id)
    }

    @Test func heldBarePoll_getsTheMessageAtOnce() throws {
        let pair = try Pair()
        let socket = try Socket(port: pair.client)
        try socket.send(HTTP.text("GET", "/c1.js"))
        try pair.app.waitUntilConnected("c1")
        #expect(try pair.app.publish("c1", "now").status == "sent")
        #expect(try socket.readResponse().body == "now")
    }

    @Test func clientIds_areUTF8OfAnyKind_andTheSameHoweverEncoded() throws {
        let pair = try Pair()
        for client in [
            "é", "日本語", "a b", "a+b", "%", "a?b#c&d=e", "😀", String(repeating: "x", count: 128),
            String(repeating: "é", count: 64), "_", "-", "~",
        ] {
            let poller = try pair.held(client)
            #expect(try pair.app.publish(client, "for you").status == "sent", "\(client)")
            #expect(try poller.finish().texts == ["for you"], "\(client)")
        }
        try pair.app.publish("ab", "one")
        let response = try HTTP.request("GET", "/%61%62.json", port: pair.client)
        #expect(response.body.contains("one"))
    }

    @Test(arguments: [
        "a%2Fb", "a%00b", "%1F", "%7F", "%FF", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%E2%82", "%zz", "%", "%4", "",
    ])
    func badClientId_isRefused(_ client: String) throws {
        let pair = try Pair()
        for ending in ["json", "js"] {
            let response = try HTTP.request("GET", "/\(client).\(ending)", port: pair.client)
            #expect(response.status == 400 || response.status == 404, "\(client).\(ending)")
            #expect(response.errorCode != nil, "\(client).\(ending)")
        }
    }
}
