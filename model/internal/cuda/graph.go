package cuda

import (
	"errors"

	driver "github.com/medner/medner/internal/cuda"
)

// graphs has the captured launches of the latest shapes of steps.
type graphs struct {
	ctx     driver.Context
	stream  driver.Stream
	entries map[shape]*graph
	clock   int  // counts steps
	off     bool // whether the binding of the driver has no graphs
}

// graph is the launches of a step. exec is 0 until the shape comes a second time, when
// the launches are captured.
type graph struct {
	exec driver.Exec
	used int // the clock when the shape last came
}

// maxGraphs is how many graphs are kept: each takes device memory.
const maxGraphs = 64

// run makes the launches of a step of shape sh: one by one when the shape comes for
// the first time, and as a graph later.
func (g *graphs) run(sh shape, launch func() error) error {
	if g.off {
		return launch()
	}
	g.clock++
	e := g.entries[sh]
	if e == nil {
		if err := g.evict(); err != nil {
			return err
		}
		g.entries[sh] = &graph{used: g.clock}
		return launch()
	}
	e.used = g.clock
	if e.exec == 0 {
		exec, err := g.capture(launch)
		if errors.Is(err, driver.ErrNoGraphs) {
			g.off = true
			return launch()
		}
		if err != nil {
			return err
		}
		e.exec = exec
	}
	return g.ctx.LaunchGraph(e.exec, g.stream)
}

// capture captures launches and returns them as a graph that can be launched.
func (g *graphs) capture(launch func() error) (driver.Exec, error) {
	if err := g.ctx.BeginCapture(g.stream); err != nil {
		return 0, err
	}
	failed := launch()
	captured, err := g.ctx.EndCapture(g.stream)
	if failed != nil {
		err = failed
	}
	var exec driver.Exec
	if err == nil {
		exec, err = g.ctx.Instantiate(captured)
	}
	if captured != 0 {
		err = errors.Join(err, g.ctx.DestroyGraph(captured))
	}
	return exec, err
}

// evict destroys the graph that was not used for longest, if there are maxGraphs.
func (g *graphs) evict() error {
	if len(g.entries) < maxGraphs {
		return nil
	}
	var oldest shape
	least := g.clock
	for sh, e := range g.entries {
		if e.used < least {
			oldest, least = sh, e.used
		}
	}
	e := g.entries[oldest]
	delete(g.entries, oldest)
	if e.exec == 0 {
		return nil
	}
	return g.ctx.DestroyExec(e.exec)
}

// clear destroys all graphs. Their addresses are of a workspace that goes.
func (g *graphs) clear() error {
	var errs []error
	for _, e := range g.entries {
		if e.exec != 0 {
			errs = append(errs, g.ctx.DestroyExec(e.exec))
		}
	}
	clear(g.entries)
	return errors.Join(errs...)
}
