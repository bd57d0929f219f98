import logging
import sys
import warnings

from lampas.export.quiet import quiet


def test_nothing_is_heard_inside_and_all_after(capfd, caplog):
    logger = logging.getLogger("torch.made.inside")
    with quiet():
        warnings.warn("of torch's own", FutureWarning, stacklevel=1)
        logging.getLogger("torch").error("a page")
        logger.error("another")
        print("a graph", file=sys.stderr)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    logging.getLogger("torch").error("heard")
    assert [one.message for one in caplog.records] == ["heard"]
