/** What a front's page knows: `decide/front_board.py` says it in `state_of`. */

export interface Stop {
  said: string;
  share: number; // of the preference, for the first task
  values: [number, number];
  best: boolean; // no other is better in one task and no worse in the other
}

export interface State {
  name: string;
  about: string;
  tasks: [string, string];
  metrics: [string, string];
  higher: [boolean, boolean];
  stops: Stop[];
  keeps: boolean; // whether a stop can become a run
}
