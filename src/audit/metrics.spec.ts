import { assemble, detailError } from '../evaluation';
import { Random } from '../numerics/random';
import { type Sample } from '../learning/samples';
import { detailOff, Judge, measure, squaredCorrelation } from './metrics';

const cells = { height: 4, width: 4 };
const random = new Random(2);
const field = () => Float32Array.from({ length: 48 * 16 }, () => random.uniform());
const attacked = [field(), field(), field()].map(target => ({ target })) as Sample[];
const mean = field();
const judge = new Judge(attacked, mean, cells);

describe('what an estimate got of an image', () => {
  it('is everything for the image itself', () => {
    const { metrics, r2 } = measure(attacked.map(({ target }, i) => judge.score(i, target)));
    expect(r2).toBe(1);
    expect(metrics).toMatchObject({ psnr: { mean: 100 }, detail_r2: { mean: 1 }, image_r2: { worst5: 1, ci: [1, 1] } });
    expect(metrics!.pearson2.mean).toBeCloseTo(1, 9);
  });

  it('is nothing for the mean', () => {
    const { metrics, r2 } = measure(attacked.map((_, i) => judge.score(i, mean)));
    expect(r2).toBe(0);
    expect(metrics!.detail_r2.mean).toBe(0);
  });

  it('does not grow by values that no pixel has', () => {
    const { target } = attacked[0];
    const beyond = target.map(value => (value > 0.5 ? value + 9 : value));
    const within = target.map(value => (value > 0.5 ? 1 : value));
    expect(judge.score(0, beyond)).toEqual(judge.score(0, within));
  });

  it('counts detail as the evaluation does', () => {
    const [truth, estimate] = [field(), field()];
    const { error, spread } = detailError(truth, estimate, mean, cells);
    expect(detailOff(assemble(truth, cells), assemble(estimate, cells))).toBeCloseTo(error, 3);
    expect(detailOff(assemble(truth, cells), assemble(mean, cells))).toBeCloseTo(spread, 3);
  });

  it('correlates with what is brighter or has less contrast, and with nothing flat', () => {
    const picture = assemble(field(), cells);
    expect(squaredCorrelation(picture, { ...picture, rgb: picture.rgb.map(value => 0.3 + value / 2) })).toBeCloseTo(1, 6);
    expect(squaredCorrelation(picture, { ...picture, rgb: picture.rgb.map(() => 0.5) })).toBe(0);
  });
});
