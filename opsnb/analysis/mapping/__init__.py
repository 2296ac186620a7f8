"""From a team's own tables to those of the contract: what each table and column is, proposed.

look = look_at(sources_at("data", root, {}), root)     profiles of what is there
proposal = propose(look, read_all(look.tables), mapped, answers)
added(proposal, ...)                                   lines of opsnb.toml, each with its reason
"""
