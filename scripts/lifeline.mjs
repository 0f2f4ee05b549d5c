// Ends the process that loads it when the one that started it is gone, as if the signal that
// ended the other had been passed on. wrangler gets it so that it never holds the port alone;
// `npm start` needs it because npm's shell dies of a SIGTERM without telling anyone.
const POLL_MS = 500;
const starter = process.ppid;

// An orphan is given another parent. A process with nothing left to do is not kept by this.
const watch = setInterval(() => {
  if (process.ppid === starter) return;
  clearInterval(watch);
  process.kill(process.pid, "SIGTERM");
}, POLL_MS).unref();
