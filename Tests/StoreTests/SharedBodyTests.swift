import Store
import Testing

@Suite struct SharedBodyTests {
    @Test func bytes_areCopiedOnce_andStayUntilTheLastOwnerIsGone() {
        var source = Array("a message".utf8)
        let body = source.withUnsafeBytes { SharedBody(copying: $0) }
        source[0] = 0
        #expect(Array(body.bytes) == Array("a message".utf8) && body.count == 9)
        #expect(body.owners == 1)
        let other = body.share()
        #expect(other.bytes.baseAddress == body.bytes.baseAddress && body.owners == 2)
        body.release()
        #expect(Array(other.bytes) == Array("a message".utf8) && other.owners == 1)
        other.release()
    }

    @Test func noBytes_areABodyToo() {
        let body = SharedBody(copying: UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(body.count == 0 && Array(body.bytes).isEmpty)
        body.release()
    }
}
