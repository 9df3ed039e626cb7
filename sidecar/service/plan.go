package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// undoLimit bounds the steps back after a failure, which also run when the command is interrupted.
const undoLimit = 2 * time.Minute

// Step is one change to the machine.
type Step struct {
	// Says is the command, or the file that is written or removed. Text is the file's content.
	Says, Text string
	// Do makes the change. Cure says what to do if that fails.
	Do   func(context.Context) error
	Cure string
	// Undo takes the change back; nil if there is nothing to take back.
	Undo func(context.Context) error
}

// Plan is a list of steps.
type Plan []Step

// Show writes what the plan would do.
func (p Plan) Show(w io.Writer) error {
	for _, step := range p {
		if _, err := fmt.Fprintln(w, step.Says); err != nil {
			return err
		}
		for line := range strings.Lines(step.Text) {
			if _, err := fmt.Fprint(w, "    ", line); err != nil {
				return err
			}
		}
	}
	return nil
}

// Do carries the plan out. If a step fails, it undoes that step and those before it, the last one
// first, and returns an error that says so.
func (p Plan) Do(ctx context.Context) error {
	for i, step := range p {
		err := step.Do(ctx)
		if err == nil {
			continue
		}
		err = fmt.Errorf("%s: %w", step.Says, err)
		if step.Cure != "" {
			err = fmt.Errorf("%w; %s", err, step.Cure)
		}
		return errors.Join(err, p[:i+1].undo(ctx))
	}
	return nil
}

// undo takes steps back, also if ctx has ended. The failed one is the last.
func (p Plan) undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoLimit)
	defer cancel()
	var errs []error
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].Undo == nil {
			continue
		}
		if err := p[i].Undo(ctx); err != nil {
			errs = append(errs, fmt.Errorf("the step %q could not be undone: %w", p[i].Says, err))
		}
	}
	return errors.Join(errs...)
}
