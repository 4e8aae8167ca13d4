// React: a hook that brings messages into a component, and closes when the component goes.
//
//     function Room({ page }) {                                       // page: { client, urls, cursor }
//       const [lines, setLines] = useState([]);
//       const state = useMegaComet(page, (line) => setLines((lines) => [...lines, line]));
//       return <ul title={state}>{lines.map((line) => <li key={line.id}>{line.text}</li>)}</ul>;
//     }
import { useEffect, useRef, useState } from "react";
import MegaComet from "./megacomet.mjs"; // a copy: curl -O http://localhost:8000/_/megacomet.mjs

export function useMegaComet({ client, urls, cursor }, onmessage, ongap) {
  const [state, setState] = useState("closed");
  const handlers = useRef(), cursors = useRef({});
  handlers.current = { onmessage, ongap }; // those of the newest rendering
  useEffect(() => {
    const comet = new MegaComet({ client, urls, cursor: cursors.current[client] ?? cursor });
    comet.onmessage = (...message) => handlers.current.onmessage(...message);
    comet.ongap = () => handlers.current.ongap?.();
    comet.onstate = setState;
    comet.connect();
    return () => {
      cursors.current[client] = comet.cursor; // StrictMode runs effects twice: the second goes on where this one was
      comet.close();
    };
  }, [client]);
  return state;
}
