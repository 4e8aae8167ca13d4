import Base

/// Writes polls and publishes in the protocol and form of a plan.
struct RequestWriter {
    private let plan: LoadPlan
    private let tag: [UInt8]
    private let channel: [UInt8]
    private let headers: [UInt8]
    private let publishHeaders: [UInt8]
    private let tokens: ClientTokens?

    init(plan: LoadPlan) {
        self.plan = plan
        tag = Array(plan.tag.utf8)
        channel = Array(plan.channel.utf8)
        headers = Array((plan.keepAlive ? "Host: b\r\n" : "Host: b\r\nConnection: close\r\n").utf8)
        tokens = plan.tokenKeys.isEmpty ? nil : ClientTokens(plan)
        let authorization = plan.key.isEmpty ? "" : "Authorization: Bearer \(plan.key)\r\n"
        publishHeaders = Array((" HTTP/1.1\r\nHost: localhost\r\n" + authorization + "Content-Length: ").utf8)
    }

    /// - Parameter client: its number in the whole run.
    func poll(
        _ client: Int, cursor: UInt64, resume: (UnsafeRawBufferPointer, UnsafeRawBufferPointer)?,
        to buffer: inout Buffer
    ) {
        switch (plan.dialect, plan.form) {
        case (.nchan, _):
            buffer.append("GET /sub/")
            if channel.isEmpty { name(client, to: &buffer) } else { channel.withUnsafeBytes { buffer.append($0) } }
        case (.comet, .json), (.comet, .events), (.comet, .ws):
            buffer.append("GET /")
            name(client, to: &buffer)
            buffer.append(plan.form == .json ? ".json" : plan.form == .ws ? ".ws" : ".events")
            if plan.acknowledges { buffer.append("?cursor=") }
        case (.comet, .jsonp):
            buffer.append("GET /")
            name(client, to: &buffer)
            buffer.append(".js?callback=f")
            if plan.acknowledges { buffer.append("&cursor=") }
        case (.comet, .bare):
            buffer.append("GET /")
            name(client, to: &buffer)
            buffer.append(".js")
        }
        if plan.dialect == .comet, plan.form != .bare, plan.acknowledges { buffer.append(decimal: cursor) }
        buffer.append(" HTTP/1.1\r\n")
        headers.withUnsafeBytes { buffer.append($0) }
        tokens?.write(client, to: &buffer)
        if plan.form == .events { buffer.append("Accept: text/event-stream\r\n") }
        if plan.form == .ws {
            buffer.append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
            buffer.append("Sec-WebSocket-Key: ")
            buffer.append(StreamText.key)
            buffer.append("\r\n")
        }
        if let (id, _) = resume, plan.form == .events {
            buffer.append("Last-Event-ID: ")
            buffer.append(id)
            buffer.append("\r\n")
        } else if let (date, etag) = resume {
            buffer.append("If-Modified-Since: ")
            buffer.append(date)
            buffer.append("\r\nIf-None-Match: ")
            buffer.append(etag)
            buffer.append("\r\n")
        }
        buffer.append("\r\n")
    }

    /// Writes one publish of `mark` to its client. `scratch` holds the body, since its length is written first.
    func publish(_ mark: Mark, scratch: inout Buffer, to buffer: inout Buffer) {
        if plan.dialect == .comet, plan.publishForm == .lines {
            body(mark, to: &buffer)
            buffer.append(10)
            return
        }
        scratch.clear()
        if plan.dialect == .nchan {
            mark.write(to: &scratch, bytes: plan.messageBytes)
            buffer.append("POST /pub/")
            name(Int(mark.client), to: &buffer)
        } else {
            body(mark, to: &scratch)
            buffer.append("POST /publish")
        }
        publishHeaders.withUnsafeBytes { buffer.append($0) }
        buffer.append(decimal: UInt64(scratch.count))
        buffer.append("\r\n\r\n")
        buffer.append(scratch.bytes)
    }

    private func body(_ mark: Mark, to buffer: inout Buffer) {
        buffer.append("{\"client\":\"")
        name(Int(mark.client), to: &buffer)
        buffer.append("\",\"message\":\"")
        mark.write(to: &buffer, bytes: plan.messageBytes)
        buffer.append(plan.hasReceipts ? "\",\"receipt\":true}" : "\"}")
    }

    private func name(_ client: Int, to buffer: inout Buffer) {
        tag.withUnsafeBytes { buffer.append($0) }
        buffer.append(decimal: UInt64(client))
    }
}
