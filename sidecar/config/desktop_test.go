package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheRulesOfADesktopAreTheSameInEachPlace: those of init, of the command and of the page.
func TestTheRulesOfADesktopAreTheSameInEachPlace(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, Write(home, Default()))
	draft, err := NewDraft(home, nil, DesktopRules())
	require.NoError(t, err)
	require.Equal(t, Default().Owner.WithDesktopRules(), draft.New.Owner)
	require.NotEqual(t, Default().Owner, draft.New.Owner)
	_, err = draft.New.Owner.Rules()
	require.NoError(t, err)
}
