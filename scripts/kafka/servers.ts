// The servers that the Kafka scripts start: what a test has to know of them to use and to break them.

/** A server that a test may kill and start again. */
export type Restartable = { start(): Promise<void>; kill(): Promise<void> };

export type Stoppable = Restartable & { stop(): Promise<void>; exited(): Promise<number> };

/** An HTTP server in front of Kafka. */
export type RestServer = Restartable & {
  name: string;
  url: string;
  username?: string;
  password?: string;
};

/** A Kafka; `breakable` when it is ours to break. */
export type Cluster = {
  name: string;
  bootstrap: string;
  /** Whether it makes a topic when it is asked to. */
  takesTopics: boolean;
  breakable: Restartable | null;
};
