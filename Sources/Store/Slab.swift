// The members that other modules use are public, not package: the compiler copies only public code from one module into
// another. Without that, a call for each look at a record would cost a third of the manager's time.

/// The memory for a daemon's many small records.
///
/// A slab hands out slots, which are numbers of 32 bits. Its pages never move: a pointer to a record is valid until the
/// record is removed, and growing copies nothing. A page whose last record goes is given back. One such page is kept,
/// so that a record that comes and goes costs no malloc. Behind each record there may be room for an I/O layer's own
/// bytes (a watcher). This module never looks into it.
public struct Slab<Element: ~Copyable>: ~Copyable {
    @usableFromInline var raw: RawSlab
    @usableFromInline let extraOffset: Int

    /// Each element has `extraBytes` behind it. They are aligned to 16, and nobody zeroes them.
    @inlinable public init(extraBytes: Int = 0, of: Element.Type = Element.self, pages: PageMemory = .heap) {
        let alignment = max(MemoryLayout<Element>.alignment, extraBytes > 0 ? 16 : 4)
        precondition(alignment <= 16, "a slab's page is aligned to 16 bytes")
        let element = (MemoryLayout<Element>.size + alignment - 1) & ~(alignment - 1)
        extraOffset = element
        raw = RawSlab(stride: (element + extraBytes + alignment - 1) & ~(alignment - 1), from: pages)
    }

    /// Records held.
    @inlinable public var count: Int { raw.count }
    /// Bytes of memory for them, with the pages.
    @inlinable public var memoryBytes: Int { raw.memoryBytes }

    @inlinable public mutating func insert(_ element: consuming Element) -> Slot<Element> {
        let slot = raw.allocate()
        raw.address(slot).assumingMemoryBound(to: Element.self).initialize(to: element)
        return Slot(slot)
    }

    /// The record in a slot. The caller answers for it that the slot is in use: `insert` gave it, and `remove` has not
    /// taken it back.
    @inlinable @inline(__always) public func pointer(_ slot: Slot<Element>) -> UnsafeMutablePointer<Element> {
        raw.address(slot.number).assumingMemoryBound(to: Element.self)
    }
    /// The record that is in a slot, or that was in it last. `nil` if the slot was never used, or its page is gone.
    ///
    /// It is for numbers from outside, whose record may have gone since. What is left of such a record lacks its first
    /// four bytes, so it must be of a trivial type, and one of its other fields must tell that it is over.
    @inlinable public func remains(_ slot: Slot<Element>) -> UnsafeMutablePointer<Element>?
    where Element: BitwiseCopyable {
        raw.remains(slot.number)?.assumingMemoryBound(to: Element.self)
    }
    @inlinable @inline(__always) public func extra(_ slot: Slot<Element>) -> UnsafeMutableRawPointer {
        raw.address(slot.number) + extraOffset
    }

    /// Every record that is held, page by page in the order of their slots.
    public func forEach(_ body: (Slot<Element>, UnsafeMutablePointer<Element>) -> Void) {
        raw.forEach { body(Slot($0), pointer(Slot($0))) }
    }

    /// Pages that there are, also those whose records are gone. A record stays in its page.
    public var pages: UInt32 { UInt32(raw.pageCount) }
    /// Every record of one page, in the order of their slots.
    public func forEach(page: UInt32, _ body: (Slot<Element>, UnsafeMutablePointer<Element>) -> Void) {
        raw.forEach(page: Int(page)) { body(Slot($0), pointer(Slot($0))) }
    }
    /// The first record of a page whose slot is behind this one; `nil` for that of the whole page.
    public func next(page: UInt32, after slot: Slot<Element>?) -> Slot<Element>? {
        raw.next(page: Int(page), after: slot?.number).map { Slot($0) }
    }

    @inlinable @discardableResult public mutating func remove(_ slot: Slot<Element>) -> Element {
        let element = pointer(slot).move()
        raw.free(slot.number)
        return element
    }
}

/// The source of a slab's pages. They are aligned to 16 bytes.
public struct PageMemory: Sendable {
    @usableFromInline let allocate: @Sendable (Int) -> UnsafeMutableRawPointer
    @usableFromInline let free: @Sendable (UnsafeMutableRawPointer, Int) -> Void
    /// The most bytes of a page.
    @usableFromInline let most: Int

    public init(
        most: Int, allocate: @escaping @Sendable (_ bytes: Int) -> UnsafeMutableRawPointer,
        free: @escaping @Sendable (_ page: UnsafeMutableRawPointer, _ bytes: Int) -> Void
    ) {
        self.most = most
        self.allocate = allocate
        self.free = free
    }
    /// A page is below malloc's threshold for mmap, so that pages that were given back are used again.
    public static let heap = PageMemory(
        most: 32 * 1024, allocate: { .allocate(byteCount: $0, alignment: 16) }, free: { page, _ in page.deallocate() })
}

/// Slots of equal size in pages, without a type.
@usableFromInline struct RawSlab: ~Copyable {
    /// A page first fills its slots in order (`fresh`), so that memory is touched only when it is used. Freed slots
    /// form a list that runs through them.
    @usableFromInline struct Page {
        @usableFromInline var memory: UnsafeMutableRawPointer?
        @usableFromInline var live: UInt32 = 0
        @usableFromInline var fresh: UInt32 = 0
        @usableFromInline var freed: UInt32 = .max
        @usableFromInline var nextWithSpace: UInt32 = .max

        @usableFromInline init() {}
    }
    @usableFromInline let stride: Int
    @usableFromInline let shift: Int
    @usableFromInline var pages: UnsafeMutablePointer<Page>
    @usableFromInline var pageCount = 0
    @usableFromInline var pageRoom = 8
    /// The list of pages that are not full, by `nextWithSpace`. Pages without memory are in it, too.
    @usableFromInline var withSpace: UInt32 = .max
    /// The one empty page that kept its memory.
    @usableFromInline var spare: UInt32 = .max
    @usableFromInline var count = 0
    @usableFromInline var memoryPages = 0
    @usableFromInline let source: PageMemory

    @usableFromInline init(stride: Int, from source: PageMemory = .heap) {
        precondition(stride >= 4, "a free slot holds the number of the next")
        self.stride = stride
        self.source = source
        var shift = 0
        while stride << (shift + 1) <= source.most { shift += 1 }
        self.shift = shift
        pages = .allocate(capacity: 8)
    }

    @inlinable deinit {
        for page in 0..<pageCount { if let memory = pages[page].memory { source.free(memory, stride << shift) } }
        pages.deallocate()
    }

    @usableFromInline var memoryBytes: Int { memoryPages * (stride << shift) + pageRoom * MemoryLayout<Page>.stride }

    @inlinable @inline(__always) func address(_ slot: UInt32) -> UnsafeMutableRawPointer {
        let page = Int(slot) >> shift
        assert(page < pageCount && pages[page].memory != nil, "a slot of this slab")
        return pages[page].memory.unsafelyUnwrapped + (Int(slot) & (1 << shift - 1)) * stride
    }

    /// The place of a slot that has been used since its page was opened.
    @inlinable func remains(_ slot: UInt32) -> UnsafeMutableRawPointer? {
        let page = Int(slot) >> shift
        guard page < pageCount, UInt32(Int(slot) & (1 << shift - 1)) < pages[page].fresh else { return nil }
        return address(slot)
    }

    /// A slot whose bytes are not initialised.
    @inlinable mutating func allocate() -> UInt32 {
        if withSpace == .max { addPage() }
        let number = withSpace
        let page = pages + Int(number)
        if page.pointee.live == 0 { open(number) }
        let inner: UInt32
        if page.pointee.freed != .max {
            inner = page.pointee.freed
            page.pointee.freed = (page.pointee.memory.unsafelyUnwrapped + Int(inner) * stride).load(as: UInt32.self)
        } else {
            inner = page.pointee.fresh
            page.pointee.fresh += 1
        }
        page.pointee.live += 1
        if page.pointee.live == 1 << UInt32(shift) { withSpace = page.pointee.nextWithSpace }
        count += 1
        return number << UInt32(shift) | inner
    }

    @inlinable mutating func free(_ slot: UInt32) {
        let number = slot >> UInt32(shift)
        let inner = slot & (1 << UInt32(shift) - 1)
        let page = pages + Int(number)
        address(slot).storeBytes(of: page.pointee.freed, as: UInt32.self)
        page.pointee.freed = inner
        if page.pointee.live == 1 << UInt32(shift) {
            page.pointee.nextWithSpace = withSpace
            withSpace = number
        }
        page.pointee.live -= 1
        count -= 1
        if page.pointee.live == 0 { close(number) }
    }

    /// Calls `body` for each slot in use, page by page.
    func forEach(_ body: (UInt32) -> Void) { for page in 0..<pageCount { forEach(page: page, body) } }
    /// The same for one page.
    func forEach(page number: Int, _ body: (UInt32) -> Void) {
        withSlots(page: number) { isFree, used in
            for inner in 0..<used where !isFree[inner] { body(UInt32(number << shift | inner)) }
        }
    }
    /// The first slot in use of a page that is behind `slot`.
    func next(page number: Int, after slot: UInt32?) -> UInt32? {
        var found: UInt32?
        withSlots(page: number) { isFree, used in
            let first = slot.map { (Int($0) & (1 << shift - 1)) + 1 } ?? 0
            guard first < used, let inner = (first..<used).first(where: { !isFree[$0] }) else { return }
            found = UInt32(number << shift | inner)
        }
        return found
    }
    /// Tells which slots of a page are in the list of freed slots, and how many were used since it was opened.
    private func withSlots(page number: Int, _ body: (_ isFree: UnsafeMutableBufferPointer<Bool>, Int) -> Void) {
        guard number < pageCount, pages[number].live > 0 else { return }
        let page = pages[number]
        withUnsafeTemporaryAllocation(of: Bool.self, capacity: 1 << shift) { isFree in
            isFree.initialize(repeating: false)
            var freed = page.freed
            while freed != .max {
                isFree[Int(freed)] = true
                freed = address(UInt32(number << shift) | freed).load(as: UInt32.self)
            }
            body(isFree, Int(page.fresh))
        }
    }

    @usableFromInline mutating func addPage() {
        if pageCount == pageRoom {
            let more = UnsafeMutablePointer<Page>.allocate(capacity: pageRoom * 2)
            more.moveInitialize(from: pages, count: pageCount)
            pages.deallocate()
            pages = more
            pageRoom *= 2
        }
        precondition(pageCount << shift < Int(UInt32.max) - (1 << shift), "slots are numbers of 32 bits")
        (pages + pageCount).initialize(to: Page())
        withSpace = UInt32(pageCount)
        pageCount += 1
    }

    @usableFromInline mutating func open(_ number: UInt32) {
        if spare == number { spare = .max }
        if pages[Int(number)].memory == nil {
            pages[Int(number)].memory = source.allocate(stride << shift)
            memoryPages += 1
        }
    }

    /// The page's last record went. The page begins again as fresh, and one such page keeps its memory.
    @usableFromInline mutating func close(_ number: UInt32) {
        let page = pages + Int(number)
        page.pointee.fresh = 0
        page.pointee.freed = .max
        if spare == .max {
            spare = number
        } else {
            if let memory = page.pointee.memory { source.free(memory, stride << shift) }
            page.pointee.memory = nil
            memoryPages -= 1
        }
    }
}
