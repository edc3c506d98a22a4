# Runs the statements that come as lines of JSON, with one thread, and answers each with the seconds and the rows.
import json, sys, time
import duckdb

connection = duckdb.connect(sys.argv[1])
connection.execute("SET threads = 1")
for line in sys.stdin:
    try:
        start = time.perf_counter()
        rows = connection.execute(json.loads(line)).fetchall()
        seconds = time.perf_counter() - start
        texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
        answer = {"seconds": seconds, "rows": texts}
    except duckdb.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
