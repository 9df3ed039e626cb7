package service

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Run executes a program of the system and returns what it printed. If the program fails, the
// error contains what it said.
type Run func(ctx context.Context, program string, arguments ...string) (string, error)

// Execute runs a program of this machine.
func Execute(ctx context.Context, program string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, program, arguments...)
	var out, said strings.Builder
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	switch text := strings.TrimSpace(said.String()); {
	case err == nil:
		return out.String(), nil
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("expected the program %s, found none: %w", program, err)
	case text != "":
		return out.String(), fmt.Errorf("%w: %s", err, text)
	}
	return out.String(), err
}

// step returns a step that runs a program.
func (r Run) step(cure string, program string, arguments ...string) Step {
	return Step{
		Says: strings.Join(append([]string{program}, arguments...), " "), Cure: cure,
		Do: func(ctx context.Context) error {
			_, err := r(ctx, program, arguments...)
			return err
		},
	}
}
