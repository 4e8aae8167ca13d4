extension IPAddress {
    /// No client of the open network has it: loopback, 10/8, 172.16/12, 192.168/16 (RFC 1918) and fc00::/7 (RFC 4193).
    package var isPrivate: Bool {
        guard let v4 else { return isLoopback || high >> 57 == 0x7E }
        return isLoopback || v4 >> 24 == 10 || v4 >> 20 == 0xAC1 || v4 >> 16 == 0xC0A8
    }
}
