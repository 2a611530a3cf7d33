"""Examples below the help of the commands that search."""

RUN_EXAMPLES = """Examples:

  packtune run                                               32 trials on scanned digits, about a minute

  packtune run --data mnist --space mini-grid                the reference notebook's ten configurations

  packtune run --data mnist --trials 200 --workers 4 --name wide-200

  packtune run --space my-space.toml --sampler random        see `packtune spaces --example`

  packtune run --data patients.csv --target outcome --metric auc

  packtune run --set architecture=mlp --set learning_rate=0.002..0.01:log --set batch_size=32,64

  packtune run --data mnist --model net.py                   a network of your own

  packtune run --from digits-wide-001 --try hidden_units=64,learning_rate=0.01 --patience 64
"""
RESUME_EXAMPLES = """Examples:

  packtune resume digits-wide-001 --workers 4                go on after a stop or a crash

  packtune resume digits-wide-001 --trials +32               try 32 more configurations

  packtune resume digits-wide-001 --trials +32 --set batch_size=32

  packtune resume digits-wide-001 --epochs 30                train the complete ones again, three times as long
"""
