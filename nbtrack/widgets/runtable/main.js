// The run table in the browser: what a front end loads.

import { Data } from "./data.js";
import { Table } from "./table.js";
import { doings } from "./doings.js";

Object.assign(Table.prototype, doings);

export default () => {
  let data = null;
  return {
    initialize({ model }) {
      data = new Data(model);
    },
    render({ model, el }) {
      const table = new Table(model, data, el);
      return () => table.dispose();
    },
  };
};
