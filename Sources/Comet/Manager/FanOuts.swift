import Store

/// The channels whose readers are being told of new messages, in turn. A channel is in it once: if another message
/// comes meanwhile, all readers are visited once more, and each gets all that waits for it. So fan-outs need a bounded
/// time and memory, however many messages come.
typealias FanOuts = Fifo<Slot<Channel>>
