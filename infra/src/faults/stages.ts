/**
 * Stages of a task as a worker goes through them, by names that last: each stands for one point of the code, which a task of
 * the kind `of` passes.
 */
export const STAGES = [
  {
    of: 'frame',
    name: 'worker.taken',
    point: 'worker/deliveries/attempt.runDelivery.1.before',
    about: 'A worker has taken a delivery from its queue and has not told the server.',
  },
  {
    of: 'frame',
    name: 'worker.claimed',
    point: 'worker/deliveries/attempt.runDelivery.1.after',
    about: 'The server has said that the attempt is this worker’s.',
  },
  {
    of: 'frame',
    name: 'worker.fetched',
    point: 'worker/deliveries/scene-page-attempt.withScenePage.1.after',
    about: 'The files of the scene are on the worker’s disk.',
  },
  {
    of: 'frame',
    name: 'worker.loaded',
    point: 'worker/deliveries/scene-page-attempt.withScenePage.6.after',
    about: 'The scene is loaded in the browser’s page.',
  },
  {
    of: 'frame',
    name: 'worker.drawing',
    point: 'worker/deliveries/render-attempt.draw.2.before',
    about: 'The page has been told to draw a frame and is at it.',
  },
  {
    of: 'frame',
    name: 'worker.drawn',
    point: 'worker/deliveries/render-attempt.draw.2.after',
    about: 'A frame is drawn; its file is being made.',
  },
  {
    of: 'frame',
    name: 'worker.encoded',
    point: 'worker/deliveries/render-attempt.deliverAfter.2.after',
    about: 'The file of a frame is made and not sent.',
  },
  {
    of: 'frame',
    name: 'worker.stored',
    point: 'worker/deliveries/deliver-frame.deliverFrame.3.after',
    about: 'The server has answered that a frame is stored and recorded.',
  },
  {
    of: 'frame',
    name: 'worker.reported',
    point: 'worker/deliveries/attempt.runDelivery.2.after',
    about: 'All frames of an attempt are delivered.',
  },
  {
    of: 'frame',
    name: 'worker.unacknowledged',
    point: 'worker/deliveries/delivery-queue.open.1.after',
    about: 'An attempt is over and its delivery has not left the queue.',
  },
  {
    of: 'part',
    name: 'worker.part-drawn',
    point: 'worker/deliveries/piece-attempt.drawRange.2.after',
    about: 'Samples of a part of a frame are drawn, and their sums are not sent.',
  },
  {
    of: 'part',
    name: 'worker.part-stored',
    point: 'worker/deliveries/piece-attempt.deliverRanges.1.after',
    about: 'The server has answered that sums of a part are stored and recorded.',
  },
  {
    of: 'part',
    name: 'worker.sums-fetched',
    point: 'worker/deliveries/assemble-attempt.runAssembly.3.after',
    about: 'Sums of a frame’s part are on the disk of the worker that makes the frame.',
  },
  {
    of: 'part',
    name: 'worker.assembled',
    point: 'worker/deliveries/assemble-attempt.runAssembly.4.after',
    about: 'A frame is made of the sums of its parts, and is not sent.',
  },
  {
    of: 'film',
    name: 'worker.film-opened',
    point: 'worker/deliveries/film-attempt.make.2.after',
    about: 'The page has begun a film.',
  },
  {
    of: 'film',
    name: 'worker.film-growing',
    point: 'worker/deliveries/film-attempt.make.6.after',
    about: 'Some frames of a film are in it.',
  },
  {
    of: 'film',
    name: 'worker.film-made',
    point: 'worker/deliveries/film-attempt.run.1.after',
    about: 'A film is made whole, and is not sent.',
  },
  {
    of: 'film',
    name: 'worker.film-stored',
    point: 'worker/deliveries/film-attempt.run.2.after',
    about: 'The server has answered that a film is stored and recorded.',
  },
  {
    of: 'import',
    name: 'worker.import-opened',
    point: 'worker/deliveries/import-attempt.importInBrowser.2.after',
    about: 'A page for an import is open.',
  },
  {
    of: 'import',
    name: 'worker.import-judged',
    point: 'worker/deliveries/import-attempt.importInBrowser.4.after',
    about: 'A scene is checked, and nothing is told of it.',
  },
  {
    of: 'import',
    name: 'worker.import-reported',
    point: 'worker/deliveries/import-attempt.report.2.after',
    about: 'The server has answered that it knows what is in a scene.',
  },
] as const;
