"""The published table of OpenDRIVE 1.4 to 1.8: every element of the official schemas, and what becomes of it.

An element goes by its own name and its parent's, as the schemas nest them. Attributes that are used are read, kept in
the records of `simulator.roads` and written again; those that are not are named.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.coverage import Support


@dataclass(frozen=True)
class Row:
    """One element.

    Attributes:
        element: "parent/element".
        group: what kind of element it is.
        support: "supported": does what the standard says, in the model, the meshes and written maps.
        used, unused: its attributes in any version.
        note: what is missing, and why.
        test: the test that proves it.
    """

    element: str
    group: str
    support: Support
    used: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    about: str = ""
    test: str = ""

    @property
    def note(self) -> str:
        """What is missing, and why."""
        lost = f"not used: {', '.join(self.unused)}" if self.unused else ""
        return "; ".join(text for text in (lost, self.about) if text)


_FEATURES, _LANES = "tests/test_opendrive_features.py", "tests/test_roads_lanes.py"
_KEPT = "tests/test_opendrive_coverage.py::test_everything_supported_is_read_and_written"
_EFFECTS = "tests/test_opendrive_effects.py::test_it_changes_what_it_should"
_MARKS, _SHAPES = "tests/test_surface_marks.py", "tests/test_surroundings_shapes.py"
_CUBIC = "a b c d"

# Element, attributes used, attributes not used, note. A leading "~" means partly, a leading "-" not at all.
_Line = tuple[str, str, str, str]
_GROUPS: dict[tuple[str, str], tuple[_Line, ...]] = {
    ("file", _EFFECTS): (
        ("OpenDRIVE", "", "", ""),
        ("header/geoReference", "", "", ""),
        (
            "header/offset",
            "x y z hdg",
            "",
            "from the inertial frame, which stays that of the file, to the projected one (8.5); esmini moves the roads",
        ),
    ),
    ("file", _KEPT): (
        ("~OpenDRIVE/header", "name revMajor revMinor north south east west", "date vendor version", "the box is ours"),
        ("-header/license", "", "name resource spdxid text", "no part of the road"),
        ("-userData", "", "code value", "whatever others put there"),
        ("-include", "", "file", "no file opens another one; a warning"),
        ("-dataQuality", "", "", ""),
        ("-dataQuality/error", "", "xyAbsolute xyRelative zAbsolute zRelative", ""),
        ("-dataQuality/rawData", "", "date postProcessing postProcessingComment source sourceComment", ""),
    ),
    ("road", _EFFECTS): (
        ("OpenDRIVE/road", "id length name junction rule", "", ""),
        ("road/link", "", "", ""),
        ("link/predecessor", "elementType elementId contactPoint elementS elementDir id", "", "id: of lanes"),
        ("link/successor", "elementType elementId contactPoint elementS elementDir id", "", "id: of lanes"),
        ("-link/neighbor", "", "direction elementId side", "left out of the standard since 1.6"),
        ("road/type", "s type country", "", "country: kept; signs have their own"),
        ("type/speed", "max unit", "", ""),
    ),
    ("geometry", "tests/test_roads_golden.py::test_lane_centres_agree"): (
        ("road/planView", "", "", ""),
        ("planView/geometry", "s x y hdg length", "", ""),
        ("geometry/line", "", "", ""),
        ("geometry/arc", "curvature", "", ""),
        ("geometry/spiral", "curvStart curvEnd", "", ""),
        ("road/elevationProfile", "", "", ""),
        ("elevationProfile/elevation", f"s {_CUBIC}", "", ""),
    ),
    ("geometry", f"{_FEATURES}::test_cubics_go_by_arc_length"): (
        (
            "geometry/poly3",
            _CUBIC,
            "",
            "s runs along the curve (OpenDRIVE 1.6, 7.6.2); esmini departs from that on steep ones",
        ),
        (
            "geometry/paramPoly3",
            "aU bU cU dU aV bV cV dV pRange",
            "",
            "s runs along the curve, stretched to the length in the file; esmini's is up to 2 mm off",
        ),
    ),
    ("lateral profile", f"{_FEATURES}::test_bank_slope_kerb_and_shape_together"): (
        ("road/lateralProfile", "", "", ""),
        ("lateralProfile/superelevation", f"s {_CUBIC}", "", ""),
        ("lateralProfile/shape", f"s t {_CUBIC}", "", ""),
    ),
    ("lateral profile", f"{_FEATURES}::test_crossfall_falls_away_on_both_sides"): (
        ("lateralProfile/crossfall", f"side s {_CUBIC}", "", ""),
    ),
    ("lateral profile", f"{_FEATURES}::test_strips_of_a_cross_section_add_up_from_their_offset"): (
        ("lateralProfile/crossSectionSurface", "", "", "esmini has the road flat across"),
        ("crossSectionSurface/tOffset", "", "", ""),
        ("tOffset/coefficients", f"s {_CUBIC}", "", ""),
        ("crossSectionSurface/surfaceStrips", "", "", ""),
        ("surfaceStrips/strip", "id mode", "", ""),
        ("strip/width", "", "", ""),
        ("width/coefficients", f"s {_CUBIC}", "", ""),
        ("strip/constant", "", "", ""),
        ("constant/coefficients", f"s {_CUBIC}", "", ""),
        ("strip/linear", "", "", ""),
        ("linear/coefficients", f"s {_CUBIC}", "", ""),
        ("strip/quadratic", "", "", ""),
        ("quadratic/coefficients", f"s {_CUBIC}", "", ""),
        ("strip/cubic", "", "", ""),
        ("cubic/coefficients", f"s {_CUBIC}", "", ""),
    ),
    ("road surface", ""): (
        ("-road/surface", "", "", "a warning"),
        (
            "-surface/CRG",
            "",
            "file hOffset hideRoadSurfaceCRG mode orientation purpose sEnd sOffset sStart tOffset zOffset zScale",
            "OpenCRG is a format of its own; a warning",
        ),
    ),
    ("lane", f"{_LANES}::test_edges_agree_with_scalar_code"): (
        ("road/lanes", "", "", ""),
        ("lanes/laneOffset", f"s {_CUBIC}", "", "0 before the first one; esmini continues that one backwards"),
        ("laneSection/left", "", "", ""),
        ("laneSection/center", "", "", ""),
        ("laneSection/right", "", "", ""),
        ("lane/width", f"sOffset {_CUBIC}", "", ""),
    ),
    ("lane", f"{_FEATURES}::test_a_section_of_one_side_leaves_the_other_side_as_it_was"): (
        ("lanes/laneSection", "s singleSide", "", "written with both sides"),
    ),
    ("lane", f"{_FEATURES}::test_the_side_of_traffic_and_reversed_lanes"): (
        ("~left/lane", "id type level direction", "advisory dynamicLaneDirection dynamicLaneType roadWorks", ""),
        ("center/lane", "id type level", "", "type and level: kept; a lane without width has neither"),
        ("~right/lane", "id type level direction", "advisory dynamicLaneDirection dynamicLaneType roadWorks", ""),
    ),
    ("lane", "tests/test_roads_routing.py::test_next_and_previous_are_inverse"): (("lane/link", "", "", ""),),
    ("lane", f"{_FEATURES}::test_borders_alone_give_the_lanes"): (
        (
            "lane/border",
            f"sOffset {_CUBIC}",
            "",
            "on the other side of the road: mirrored with a warning, unlike esmini",
        ),
    ),
    ("lane", f"{_FEATURES}::test_lane_heights_change_steadily_between_their_entries"): (
        ("lane/height", "sOffset inner outer", "", ""),
    ),
    ("lane", f"{_FEATURES}::test_limits_by_lane_access_and_rules"): (
        ("lane/speed", "sOffset max unit", "", ""),
        ("~lane/access", "sOffset rule restriction", "", "kept; traffic goes by the types of lanes"),
        ("~access/restriction", "type", "", "kept; traffic goes by the types of lanes"),
        (
            "~lane/material",
            "sOffset surface friction roughness",
            "",
            "kept; unpaved ones are gravel, else what a lane looks like goes by its type",
        ),
        ("-lane/visibility", "", "back forward left right sOffset", "left out of the standard since 1.6"),
        ("-lane/rule", "", "sOffset value", "free text"),
    ),
    ("road mark", f"{_MARKS}::test_dashes_have_the_usual_length_of_their_country"): (
        (
            "~lane/roadMark",
            "sOffset type weight color material width laneChange height",
            "",
            "paint is 1.5 mm thick; without <line> dashes and gaps are 6 and 12 m on motorways, 4 and 8 m on country"
            " roads, 3 and 6 m in towns (RMS-1), 10 and 30 ft (MUTCD 3A.06) where a centre line is yellow, from s=0 on",
        ),
    ),
    ("road mark", "tests/test_opendrive_counts.py::test_every_dash_of_a_map_is_in_the_mesh"): (
        ("~roadMark/type", "width", "name", "written with the type of the mark as its name"),
        ("type/line", "length space tOffset sOffset width color rule", "", ""),
    ),
    ("road mark", f"{_MARKS}::test_explicit_dashes_are_painted_once_each"): (
        ("roadMark/explicit", "", "", ""),
        ("explicit/line", "length tOffset sOffset width rule", "", ""),
    ),
    ("road mark", f"{_MARKS}::test_lines_sway"): (("roadMark/sway", f"ds {_CUBIC}", "", ""),),
    ("object", _EFFECTS): (
        ("road/objects", "", "", ""),
        (
            "~objects/object",
            "id name type subtype s t zOffset orientation hdg pitch roll height length width radius validLength"
            " dynamic",
            "perpToRoad",
            "shapes are ours: trees, posts, lamps, rails, houses; else outlines, boxes and cylinders",
        ),
        ("object/validity", "fromLane toLane", "", "of stop lines"),
    ),
    ("object", _KEPT): (
        ("~objects/objectReference", "id s t zOffset validLength orientation", "", "kept; it stands at its own road"),
        ("~objectReference/validity", "fromLane toLane", "", "kept"),
    ),
    ("object", f"{_SHAPES}::test_copies_grow_and_rows_have_no_gaps"): (
        (
            "~object/repeat",
            "s length distance tStart tEnd zOffsetStart zOffsetEnd heightStart heightEnd widthStart widthEnd"
            " lengthStart lengthEnd radiusStart radiusEnd",
            "detachFromReferenceLine",
            "",
        ),
    ),
    ("object", f"{_SHAPES}::test_an_outline_becomes_a_prism"): (
        ("~object/outline", "id fillType outer closed", "laneType", "of 1.4, without <outlines>"),
        ("object/outlines", "", "", ""),
        (
            "~outlines/outline",
            "id fillType outer closed",
            "laneType",
            "islands are filled, other solids of one material",
        ),
        ("outline/cornerRoad", "id s t dz height", "", ""),
        ("outline/cornerLocal", "id u v z height", "", ""),
    ),
    ("object", f"{_MARKS}::test_parking_bays_have_their_borders"): (
        ("~object/parkingSpace", "access", "restrictions", ""),
        ("~parkingSpace/marking", "side width color type", "", "solid, whatever its type"),
    ),
    ("object", f"{_MARKS}::test_markings_and_painted_borders_of_objects"): (
        ("object/markings", "", "", ""),
        (
            "~markings/marking",
            "side color width lineLength spaceLength startOffset stopOffset",
            "weight zOffset",
            "",
        ),
        ("marking/cornerReference", "id", "", ""),
        ("object/borders", "", "", ""),
        ("~borders/border", "outlineId type width useCompleteOutline", "", 'only those of type "paint" are seen'),
        ("border/cornerReference", "id", "", ""),
        ("~object/material", "surface friction roughness roadMarkColor", "", "kept; paint has its colour"),
    ),
    ("object", ""): (
        ("-object/surface", "", "", "OpenCRG; a warning"),
        ("-object/skeleton", "", "", "objects are built of their size; a warning"),
        ("-skeleton/polyline", "", "id", ""),
        ("-polyline/vertexRoad", "", "dz id intersectionPoint radius s t", ""),
        ("-polyline/vertexLocal", "", "id intersectionPoint radius u v z", ""),
    ),
    ("structure", "tests/test_surface_tunnels.py::test_the_ceiling_is_over_the_whole_length_and_nowhere_else"): (
        ("~objects/tunnel", "id name s length type lighting daylight", "", "lighting: kept; it is as dark as it is"),
        ("-tunnel/validity", "", "fromLane toLane", "a tunnel goes round the whole road"),
    ),
    ("structure", f"{_FEATURES}::test_objects_signals_and_structures"): (
        ("~objects/bridge", "id name s length type", "", "decks are built wherever a road is high above the land"),
        ("-bridge/validity", "", "fromLane toLane", "a bridge carries the whole road"),
    ),
    ("signal", _EFFECTS): (
        ("road/signals", "", "", ""),
        (
            "~signals/signal",
            "id name s t zOffset type subtype dynamic orientation country countryRevision value unit text height width"
            " hOffset pitch roll",
            "length",
            "plates stand upright: pitch and roll are kept",
        ),
        ("signal/validity", "fromLane toLane", "", ""),
        ("signals/signalReference", "id s t orientation", "", "t: kept; it applies at its s"),
        ("signalReference/validity", "fromLane toLane", "", ""),
    ),
    ("signal", _KEPT): (
        ("~signal/dependency", "id type", "", "kept"),
        ("~signal/reference", "elementId elementType type", "", "kept"),
    ),
    ("signal", "tests/test_surroundings_populate.py::test_signs_stand_where_they_physically_are"): (
        ("~signal/positionRoad", "roadId s t zOffset hOffset pitch roll", "", "plates stand upright"),
        ("~signal/positionInertial", "x y z hdg pitch roll", "", "plates stand upright"),
    ),
    ("signal board", ""): (
        ("-signal/semantics", "", "", "signs go by country, type and subtype; a warning"),
        ("-signal/staticBoard", "", "", "a warning"),
        ("-staticBoard/validity", "", "fromLane toLane", ""),
        ("-staticBoard/dependency", "", "id type", ""),
        ("-staticBoard/reference", "", "elementId elementType type", ""),
        (
            "-staticBoard/sign",
            "",
            "country countryRevision dynamic hOffset height id length name orientation pitch roll subtype text type"
            " unit v value width z",
            "",
        ),
        ("-sign/validity", "", "fromLane toLane", ""),
        ("-sign/dependency", "", "id type", ""),
        ("-sign/reference", "", "elementId elementType type", ""),
        ("-sign/positionInertial", "", "hdg pitch roll x y z", ""),
        ("-sign/positionRoad", "", "hOffset pitch roadId roll s t zOffset", ""),
        ("-sign/semantics", "", "", "a warning"),
        ("-signal/vmsBoard", "", "displayHeight displayType displayWidth v z", "a warning"),
        ("-vmsBoard/validity", "", "fromLane toLane", ""),
        ("-vmsBoard/dependency", "", "id type", ""),
        ("-vmsBoard/reference", "", "elementId elementType type", ""),
        ("-vmsBoard/displayArea", "", "height index v width z", ""),
        ("-OpenDRIVE/vmsGroup", "", "id", ""),
        ("-vmsGroup/vmsBoardReference", "", "groupIndex signalId vmsIndex", ""),
    ),
    ("regulation", ""): (
        ("-header/defaultRegulations", "", "", "signs and limits go by the records of roads and signals"),
        ("-defaultRegulations/roadRegulations", "", "type", ""),
        ("-roadRegulations/semantics", "", "", "a warning"),
        ("-defaultRegulations/signalRegulations", "", "subtype type", ""),
        ("-signalRegulations/semantics", "", "", "a warning"),
        ("-semantics/speed", "", "type unit value", ""),
        ("-semantics/lane", "", "type", ""),
        ("-semantics/priority", "", "type", ""),
        ("-semantics/supplementaryTime", "", "type value", ""),
        ("-semantics/supplementaryDistance", "", "type unit value", ""),
        ("-semantics/supplementaryEnvironment", "", "type", ""),
        *(
            (f"-semantics/{name}", "", "", "")
            for name in (
                *("prohibited", "warning", "routing", "streetname", "parking", "tourist", "supplementaryAllows"),
                *("supplementaryProhibits", "supplementaryExplanatory"),
            )
        ),
    ),
    ("railroad", _EFFECTS): (("road/railroad", "", "", "its switches are kept"),),
    ("railroad", _KEPT): (
        ("~railroad/switch", "id name position", "", "kept; no train runs"),
        ("~switch/mainTrack", "id s dir", "", "kept"),
        ("~switch/sideTrack", "id s dir", "", "kept"),
        ("~switch/partner", "id name", "", "kept"),
        ("~OpenDRIVE/station", "id name type", "", "kept"),
        ("~station/platform", "id name", "", "kept"),
        ("~platform/segment", "roadId sStart sEnd side", "", "kept"),
    ),
    ("controller", _EFFECTS): (
        ("OpenDRIVE/controller", "id name sequence", "", "sequence: kept; phases go by the ids"),
        ("controller/control", "signalId type", "", "type: kept"),
    ),
    ("junction", "tests/test_roads_routing.py::test_a_crossroads_leads_straight_on_left_and_right"): (
        (
            "OpenDRIVE/junction",
            "id name type mainRoad sStart sEnd orientation",
            "",
            "mainRoad to orientation: kept; virtual junctions go by the links of their roads",
        ),
        (
            "~junction/connection",
            "id incomingRoad connectingRoad contactPoint linkedRoad",
            "connectionMaster type",
            "",
        ),
        ("~connection/laneLink", "from to", "overlapZone", ""),
    ),
    ("junction", f"{_FEATURES}::test_a_virtual_junction_leaves_the_main_road_midway"): (
        (
            "-connection/predecessor",
            "",
            "elementDir elementId elementS elementType",
            "virtual junctions go by the links of their roads",
        ),
        (
            "-connection/successor",
            "",
            "elementDir elementId elementS elementType",
            "virtual junctions go by the links of their roads",
        ),
    ),
    ("junction", "tests/test_roads_approaches.py::test_priority_records_say_who_gives_way_to_whom"): (
        ("junction/priority", "high low", "", ""),
    ),
    ("junction", _KEPT): (("~junction/controller", "id", "sequence type", "kept"),),
    ("junction", _EFFECTS): (
        ("OpenDRIVE/junctionGroup", "id name type", "", "kept; junctions go by themselves"),
        ("junctionGroup/junctionReference", "junction", "", ""),
    ),
    ("junction", ""): (
        ("-junction/surface", "", "", "OpenCRG; a warning"),
        ("-junction/crossPath", "", "crossingRoad id roadAtEnd roadAtStart", "a warning"),
        ("-crossPath/startLaneLink", "", "from s to", ""),
        ("-crossPath/endLaneLink", "", "from s to", ""),
        ("-junction/planView", "", "", "the way of the grid below"),
        ("-junction/objects", "", "", ""),
        ("-junction/roadSection", "", "id roadId sEnd sStart", ""),
        ("-junction/boundary", "", "", "the asphalt reaches as far as the lanes, and between them; a warning"),
        (
            "-boundary/segment",
            "",
            "boundaryLane contactPoint jointLaneEnd jointLaneStart roadId sEnd sStart transitionLength type",
            "",
        ),
        ("-junction/elevationGrid", "", "gridSpacing sStart", "heights are those of the connecting roads; a warning"),
        ("-elevationGrid/elevation", "", "center left right", ""),
    ),
}


def _rows() -> tuple[Row, ...]:
    marks: dict[str, Support] = {"~": "partly", "-": "not"}
    return tuple(
        Row(
            element.lstrip("~-"),
            group,
            marks.get(element[0], "supported"),
            tuple(used.split()),
            tuple(unused.split()),
            about,
            "" if element[0] == "-" else test,
        )
        for (group, test), lines in _GROUPS.items()
        for element, used, unused, about in lines
    )


ROWS = _rows()
