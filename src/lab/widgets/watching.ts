import { ReactWidget } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import type { ISidecarModel, Pace } from '../tokens';

/** A model that keeps itself up to date for as long as somebody watches. */
interface Watched {
  readonly changed: ISignal<unknown, void>;
  watch(pace: Pace): IDisposable;
}

/** A view of a model that watches, and draws, only while it can be seen. */
export abstract class WatchingWidget<Model extends Watched = ISidecarModel> extends ReactWidget {
  constructor(
    protected readonly model: Model,
    private readonly _pace: Pace
  ) {
    super();
    model.changed.connect(this._onChanged, this);
  }

  override dispose(): void {
    this._rest();
    Signal.clearData(this);
    super.dispose();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this._wake();
    }
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._wake();
  }

  protected override onBeforeHide(msg: Message): void {
    this._rest();
    super.onBeforeHide(msg);
  }

  protected override onBeforeDetach(msg: Message): void {
    this._rest();
    super.onBeforeDetach(msg);
  }

  private _wake(): void {
    this._watch ??= this.model.watch(this._pace);
    this.update();
  }

  private _rest(): void {
    this._watch?.dispose();
    this._watch = null;
  }

  private _onChanged(): void {
    if (this._watch) {
      this.update();
    }
  }

  private _watch: IDisposable | null = null;
}
