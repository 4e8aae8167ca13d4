// Type declarations of megacomet.js, which a worker serves at /_/megacomet.js and which makes one global: MegaComet.

/** How a poll is made: XHR with CORS, script tags (JSONP), or the first that works. */
type MegaCometTransport = "auto" | "xhr" | "jsonp";

/**
 * - `connecting`: a poll is on its way, and nothing was heard yet
 * -`connected`: the server was heard: the first poll is answered at once
 * - `waiting`: before the next poll: it failed, or the server asked for a pause (`detail.delay`)
 * - `offline`: as `waiting`; the browser says that there is no network
 * - `replaced`: stopped, another page polls with this client id
 * - `closed`: stopped by close(), or the server refuses this client id, or JSONP if that is the only transport (`detail.code`)
 */
type MegaCometState = "connecting" | "connected" | "waiting" | "offline" | "replaced" | "closed";

interface MegaCometOptions {
  /** The client's id, 1 to 128 bytes of UTF-8, without `/` and control characters. Anyone who knows it can read its messages: make it hard to guess. */
  client: string;
  /** The workers, `http://host:8000`; one is taken at random, and another after a failure. Default: the page's own origin. */
  urls?: string | string[];
  /** Default `"auto"`. */
  transport?: MegaCometTransport;
  /** Messages up to this id were seen by an earlier page. Default 0. */
  cursor?: number;
  /** Milliseconds of silence after which a poll is given up. Default: 8 s more than the server holds a poll, which it tells the page. */
  timeout?: number;
  /** Milliseconds: the first window in which a failed poll is made again, at a random time. It doubles with each failure. Default 2000. */
  delay?: number;
  /** Milliseconds: the widest window. Default 30000. */
  maxDelay?: number;
}

interface MegaCometDetail {
  /** The worker that is polled, or that failed. */
  url?: string;
  transport?: "xhr" | "jsonp";
  /** The reason: `network`, `http`, `timeout`, `retry`, or a code of the server's such as `full`, `replaced`, `bad_client`. */
  code?: string;
  message?: string;
  /** The HTTP status, if `code` is `http`. */
  status?: number;
  /** Milliseconds until the next poll. */
  delay?: number;
}

declare class MegaComet<Data = any> {
  constructor(options: MegaCometOptions);
  /** Each message once, in order. If it throws, the error is reported to the page, and the next message comes all the same. */
  onmessage?: (data: Data, id: number) => void;
  onstate?: (state: MegaCometState, detail: MegaCometDetail) => void;
  /** Messages of this client were lost: expired, or over the bound of its queue. It is called before the messages that follow. */
  ongap?: () => void;
  /** The id of the last message that was seen. */
  readonly cursor: number;
  readonly state: MegaCometState;
  /** Begins to poll. It has no effect if it polls already. */
  connect(): void;
  /** Ends the poll. Messages stay on the server, until they expire, for the next connect(). */
  close(): void;
}
