import Testing

@testable import Publishing

/// Web pages are kept off if there is no key.
@Suite struct PagesTests {
    @Test(arguments: [
        "Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ])
    func aPageOfElsewhere_is403(_ header: String) {
        let publish = #"{"client":"c1","message":1}"#
        let publishes = [App.post(publish, header), App.chunked([publish], header)]
        for request in publishes + [App.get("/clients", header), App.get("/", header)] {
            let app = App()
            let got = answer(app.send(request))
            #expect(got.status == 403 && got.body.contains(#""code":"origin""#), "\(got)")
            #expect(app.queued == 0)
        }
        // A page can't send the key. So a request that has it does not come from a page.
        let key = "Authorization: Bearer sesame\r\n"
        #expect(answer(App(key: "sesame").send(App.post(publish, header + key))).status == 202)
        #expect(answer(App(key: "sesame").send(App.post(publish, header))).status == 401)
    }
    @Test func anotherName_is403_andTheSettingIsNamed() {
        let other = App.post(#"{"client":"c1","message":1}"#).replacing("Host: a", with: "Host: evil.example:9001")
        let got = answer(App().send(other))
        #expect(got.status == 403 && got.body.contains("app.hosts"), "\(got)")
        let known = App.get("/clients/c1", "Authorization: Bearer sesame\r\n")
        #expect(answer(App(key: "sesame").send(known.replacing("Host: a", with: "Host: megacomet:9001"))).status == 200)
        for host in ["A", "127.0.0.1:9001", "[::1]", "localhost"] {
            let request = App.get("/stats").replacing("Host: a", with: "Host: \(host)")
            #expect(answer(App().send(request)).status == 200, "\(host)")
        }
    }
}
