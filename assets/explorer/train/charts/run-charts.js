/** A run's measurements: its curves, what each dimension carries now, and the curves as a table. */

import { element } from "../../dom/dom.js";
import { FoldedTable } from "../../dom/folded-table.js";
import { aggregatePosterior, deadDimensions } from "../../latent/posterior.js";
import { Bars } from "./bars.js";
import { curvesTable } from "./curves-table.js";
import { Charts } from "./curves.js";

/** @typedef {import("../../data/series.js").Readings} Readings */

export class RunCharts {
  constructor() {
    /** @type {Readings | null} */
    this.readings = null;
    this.curves = new Charts();
    this.bars = new Bars("KL per dimension", "nats per image; hollow: dead");
    this.table = new FoldedTable("The curves, in nats per image", () => curvesTable(this.readings));
    this.element = element(
      "div",
      { class: "le-readings" },
      this.curves.element,
      this.bars.element,
      this.table.element,
    );
  }

  /** Take a run's curves: another run's, or those of the same one after a new connection. @param {import("../../data/run.js").Run} run */
  setRun(run) {
    this.readings = run.readings;
    this.curves.setCurves(run.readings, run.parent?.readings ?? null);
    this.curves.setMarks(run.marks);
    const hasKl = run.space.isGaussian || run.space.config.categories > 0;
    this.bars.element.hidden = !hasKl || !run.space.count;
  }

  /** It is another run: nothing is known of its dimensions. */
  forgetDimensions() {
    this.bars.forget();
  }

  /** Draw the curves as far as they are. @param {number} lastEpoch  at their right end */
  drawCurves(lastEpoch) {
    this.curves.draw(lastEpoch);
  }

  /**
   * Draw what each dimension carries.
   *
   * @param {ArrayLike<number>} carried  nats per image, (D,)
   */
  drawBars(carried) {
    this.bars.draw(carried);
  }

  /** Tell dead dimensions from those in use. @param {import("../../latent/space.js").Space} space  its codes all of one step */
  judgeDimensions(space) {
    const dead = deadDimensions(space, aggregatePosterior(space));
    this.bars.setActive(Array.from({ length: space.dims }, (_, d) => !dead.has(d)));
  }

  /** @param {import("../../data/messages.js").Mark[]} marks */
  setMarks(marks) {
    this.curves.setMarks(marks);
  }

  /** Say where on the curves the moment is that is shown. @param {number | null} epoch  null: now */
  setMoment(epoch) {
    this.curves.setMoment(epoch);
  }

  /** The curves have new readings, for whoever reads them as a table. */
  refreshTable() {
    this.table.refresh();
  }

  /** The theme changed. */
  recolour() {
    this.curves.recolour();
  }

  close() {
    this.curves.close();
    this.bars.close();
  }
}
