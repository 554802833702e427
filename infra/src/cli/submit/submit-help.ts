/** What the help of `kiln submit` says after its options. */
export const SUBMIT_HELP = `
A job file, in YAML 1.2 or JSON:

  # yaml-language-server: $schema=FARM/api/v1/job-file.schema.json
  name: Flight \${shot}
  scene: ../scenes/flight.glb     # from here on; or a folder, or a scene's id
  parameters: { shot: "010", samples: 64 }
  priority: 60                    # 0 to 100
  tags: [hero, v3]                # labels to find it by
  limits: [denoiser]              # of the farm, as of licences; of a layer, too
  maxSlots: 8                     # tasks under way at once
  maxPerHost: 2                   # the same on one machine
  requires: {tags: [fast]}        # of workers; of a layer, too
  retries: 2                      # of a task that failed
  maxFailedTasks: 5               # begin nothing more when so many have failed
  after: [job_…]                  # begin when these have succeeded
  budget: 2h                      # of one slot, or 40 EUR
  testFrames: first, middle, last # drawn before the others
  timeoutMs: 600000               # for one frame
  notify: [whk_…]                 # webhooks that are told; without it all are
  classPolicy: strict             # or prefer
  layers:
    - name: beauty
      camera: Front
      frames: 1-100:8             # every eighth first
      size: 1920x1080
      engine: pathtrace
      samples: \${samples}         # is a number here
      environment: studio.exr     # a file beside this one, or a name
      format: exr
      passes: [beauty, depth]
      chunk: 1                    # frames of one task, or {seconds: 30}
      needs: [plate]              # layers that are drawn before, or those
                                  # of jobs: {job: job_…, layer: plate}

FARM is its address: an editor that reads JSON Schema completes and checks the file then.
A layer has every setting of kiln render, by the names that --schema tells. \${name} stands for a parameter in any text; a
value that is nothing else takes its type, and $\${ is written for what is none. --set changes a parameter's default; one
declared as {type: number} has none and must be set. Aliases and merge keys (<<) of YAML hold what layers have in common.
From standard input, files are looked for from this folder on.
What is wrong is told with file, line, column and field, before anything is sent; with --dry-run also what the scene does not
have, when it is on the farm already.

Examples:
  $ kiln submit shot.yaml --dry-run --estimate
  $ kiln submit shot.yaml --set shot=020 --set samples=256
  $ kiln submit shot.yaml --key shot-010-v3 --json
  $ kiln submit shot.yaml --wait --out frames/
  $ make-job 010 | kiln submit -

Exit codes: 0 submitted, with --wait all frames done, 1 frames failed, 2 usage or bad input, 3 farm unreachable,
4 key missing, wrong or not allowed to do this, 130 interrupted.
With --json each line is one event, as of kiln render; with --dry-run one object is printed.`;
