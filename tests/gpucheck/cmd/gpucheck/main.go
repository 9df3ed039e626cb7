// Command gpucheck runs a part of the check of graphics cards and writes its result to standard output: "exact" or
// "speed". "report FOLDER" puts the results of all parts into FOLDER/report.json and FOLDER/report.txt.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/tests/gpucheck"
)

func main() {
	rounds := flag.Uint64("rounds", 20, "random cases of each operation, for exact")
	each := flag.Duration("each", 2*time.Second, "the time of each load, for speed")
	small := flag.Bool("small", false, "small loads, for speed")
	flag.Parse()
	if err := run(flag.Args(), *rounds, *each, *small); err != nil {
		fmt.Fprintln(os.Stderr, "gpucheck:", err)
		os.Exit(1)
	}
}

func run(words []string, rounds uint64, each time.Duration, small bool) error {
	switch {
	case len(words) == 1 && words[0] == "exact":
		found, err := gpucheck.CheckExact(os.Stderr, rounds)
		return errors.Join(err, json.NewEncoder(os.Stdout).Encode(found), gpucheck.Bad(found))
	case len(words) == 1 && words[0] == "speed":
		found, err := gpucheck.MeasureSpeed(os.Stderr, each, small)
		return errors.Join(err, json.NewEncoder(os.Stdout).Encode(found), gpucheck.Slow(found))
	case len(words) == 2 && words[0] == "report":
		return report(words[1])
	}
	return fmt.Errorf("expected exact, speed, or report and a folder, found %q", words)
}

func report(folder string) error {
	r, err := gpucheck.Collect(folder, time.Now())
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	fmt.Print(r)
	return errors.Join(os.WriteFile(filepath.Join(folder, "report.json"), append(text, '\n'), 0o600),
		os.WriteFile(filepath.Join(folder, "report.txt"), []byte(r.String()), 0o600), r.Err())
}
