// Type declarations of megacomet.js. Workers serve it as a script, /_/megacomet.js, which makes one global, MegaComet,
// and as an ES module, /_/megacomet.mjs. This file is /_/megacomet.d.ts.

/** Event streams, WebSockets, polls by XHR or by script tags (JSONP), or the best that is proven to work. */
export type MegaCometTransport = "auto" | "events" | "ws" | "xhr" | "jsonp";

/**
 * - `connecting`: a request is on its way, and nothing was heard yet
 * - `connected`: the server was heard. It is told again if the transport changes (`detail.transport`)
 * - `waiting`: before the next request: one failed, or the server asked for a pause (`detail.delay`)
 * - `offline`: as `waiting`; the browser says that there is no network
 * - `replaced`: stopped, another page has this client id
 * - `closed`: stopped by close(), or the server refuses this client id or its token, the app has disconnected it, or JSONP is refused and is the only transport (`detail.code`)
 */
export type MegaCometState = "connecting" | "connected" | "waiting" | "offline" | "replaced" | "closed";

export interface MegaCometOptions {
  /** The client's id, 1 to 128 bytes of UTF-8, without `/` and control characters. Anyone who knows it can read its messages: make it hard to guess. */
  client: string;
  /** The workers, `http://host:8000`; one is taken at random, and another after a failure. Default: the page's own origin. */
  urls?: string | string[];
  /** Default `"auto"`. */
  transport?: MegaCometTransport;
  /** A token, or a function that gives one or a promise of one. It is asked at the start, and again when a token is refused as expired. An empty one is not sent: a cookie has it. */
  token?: string | (() => string | PromiseLike<string>);
  /** Cookies go along to workers of another origin (`tokens.cookie`). */
  withCredentials?: boolean;
  /** All tabs of the page's origin with this client and these urls have one connection. Where the browser has no Web Locks or BroadcastChannel (plain http), each page connects alone. Default false. */
  share?: boolean;
  /** Messages up to this id were seen by an earlier page. Default 0. */
  cursor?: number;
  /** Milliseconds of silence after which a poll is given up. Default: 8 s more than the server holds a poll, which it tells the page. */
  timeout?: number;
  /** Milliseconds: the first window in which a failed poll is made again, at a random time. It doubles with each failure. Default 2000. */
  delay?: number;
  /** Milliseconds: the widest window. Default 30000. */
  maxDelay?: number;
}

export interface MegaCometDetail {
  /** The worker that is asked, or that failed. */
  url?: string;
  transport?: Exclude<MegaCometTransport, "auto">;
  /** The reason: `network`, `http`, `timeout`, `retry`, or a code of the server's such as `full`, `replaced`, `disconnected`, `bad_client`. */
  code?: string;
  message?: string;
  /** The HTTP status, if `code` is `http`. */
  status?: number;
  /** Milliseconds until the next request. */
  delay?: number;
  /** What probably is wrong: http urls on an https page, a Content-Security-Policy, a refusal, an expired token, no network. */
  hint?: "mixed" | "csp" | "refused" | "expired" | "offline";
}

/** A message as it came. */
export interface MegaCometMessage<Data = any> {
  /** Old messages that a subscription brought along have one id, that of the subscription. */
  id: number;
  data: Data;
  /** The channel that it was published to. */
  channel?: string;
  /** It was published to all clients of this user. */
  user?: string;
  /** The message's own id, if it is an old one that a subscription brought along. So `of || id` is one message's key. */
  of?: number;
  /** Somebody waits for its acknowledgement, which therefore is sent at once. */
  ack?: boolean;
}

/** Who is in a channel. The server tells it for channels whose names begin with one of channels.presence. */
export interface MegaCometPresence {
  channel: string;
  /** Connected clients. A user with three tabs has three. */
  connected: number;
  /** `users` has all users, by name. It is left out where they are too many to name. */
  all?: true;
  /** The users: what stands before the first `:` of their clients' ids. Ids without a `:` are only counted. */
  users?: string[];
  /** Users who came since it was told last. */
  came?: string[];
  left?: string[];
}

declare class MegaComet<Data = any> {
  constructor(options: MegaCometOptions);
  /** Each message once, in order. If it throws, the error is reported to the page, and the next message comes all the same. */
  onmessage?: (data: Data, id: number, channel: string | undefined, message: MegaCometMessage<Data>) => void;
  /** Gives the messages of a channel to `handler`, in place of onmessage. A channel has one handler: null takes it back. */
  on<ChannelData = Data>(
    channel: string,
    handler: ((data: ChannelData, id: number, channel: string, message: MegaCometMessage<ChannelData>) => void) | null
  ): void;
  onpresence?: (presence: MegaCometPresence) => void;
  onstate?: (state: MegaCometState, detail: MegaCometDetail) => void;
  /** Messages were lost: expired, over the bound of a queue, or of a channel whose subscription ended while the page was away. It is called before the messages that follow. */
  ongap?: () => void;
  /** All messages up to this id were seen. */
  readonly cursor: number;
  readonly state: MegaCometState;
  /** Connects. It has no effect if it is connected or tries already. */
  connect(): void;
  /** Ends the connection. Messages stay on the server, until they expire, for the next connect(). */
  close(): void;
}

export default MegaComet;
type Global = typeof MegaComet;
declare global {
  var MegaComet: Global;
}
