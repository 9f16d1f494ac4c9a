import { type Sender } from '../../src/audit/sender';
import { type Obfuscation } from '../../src/models';
import { stepwiseSender, type Steps } from './senders';

/** A sender that is held to an artefact. */
export interface Planted {
  sender: Sender;
  obfuscation: Obfuscation;
}

/** A planted fault, which an audit has to find. */
export interface Mutant {
  name: string;
  /** What is wrong, and what it would give away. */
  plants: string;
  /** @param sender a sound one of this artefact, for faults around it */
  of(sender: Sender, obfuscation: Obfuscation): Promise<Planted> | Planted;
}

/** A fault inside the making of the noise; `steps` is asked anew for every life's first, so that it may remember. */
export function inside(name: string, plants: string, steps: (obfuscation: Obfuscation) => Steps): Mutant {
  return {
    name,
    plants,
    of: async (_, obfuscation) => ({ sender: await stepwiseSender(obfuscation, steps(obfuscation)), obfuscation })
  };
}

/** A fault around a sound sender: `send` is told how to have a tensor made; it may remember over one life. */
export function around(
  name: string,
  plants: string,
  sending: (obfuscation: Obfuscation) => (send: Sender['send'], activation: Float32Array, alpha: number) => Promise<Float32Array>
): Mutant {
  const wrap = (sender: Sender, obfuscation: Obfuscation): Sender => {
    const send = sending(obfuscation);
    return {
      send: (activation, alpha) => send((given, strength) => sender.send(given, strength), activation, alpha),
      restart: async () => wrap(await sender.restart(), obfuscation),
      close: () => sender.close()
    };
  };
  return { name, plants, of: (sender, obfuscation) => ({ sender: wrap(sender, obfuscation), obfuscation }) };
}
