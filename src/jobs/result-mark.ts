/** The exit code of a program that printed its result and left some images out. */
export const SOME_BAD = 3;

/** What the pod with the result says as its last word, so that nobody has to read all logs for it. */
export const HAS_RESULT = '{"veilbook":"result"}';
